// Whether what was typed here is stored. Yjs has no acknowledgements; but the server tells the text
// of an essay only when it is on its disk. So an edit is durable once the server has told a text
// that the editor showed at some time after it.

/** Texts that are remembered; more come only while many write at once, and then the next will do. */
const MOST = 64;

export class Saving {
  private told: string | null = null;
  private readonly since: string[] = [];
  private waits = false;

  /** Whether something typed here is not known to be stored. */
  get pending(): boolean {
    return this.waits;
  }

  /**
   * The person changed the text; this is what it is now. That the server has told the same before
   * means nothing: it may have got what was typed, and not that it was taken back.
   */
  edited(text: string): void {
    this.since.length = 0;
    this.since.push(text);
    this.waits = true;
  }

  /** Others changed the text. */
  merged(text: string): void {
    if (!this.waits) return;
    if (text === this.told) this.done();
    else if (this.since.push(text) > MOST) this.since.shift();
  }

  /** The server says that this is stored. */
  stored(text: string): void {
    this.told = text;
    if (this.waits && this.since.includes(text)) this.done();
  }

  private done(): void {
    this.waits = false;
    this.since.length = 0;
  }
}
