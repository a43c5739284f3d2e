// One text of a project between a person who types and others who do the same. Pure.
//
// The server sets fields as a whole. So each save says which value it was made from; if that is no
// longer so, nothing is set, what others made of it is merged in here, and that is saved. While a
// save is under way, what the server tells waits: only the answer says what it is to be merged on.
import { diff } from "workroom-client";
import { apply, type Change, merge } from "workroom-client/change";

/** What to send: the new value, and the one that it was made from. */
export interface Save {
  readonly value: string;
  readonly expected: string;
}

export class SharedField {
  /** What the person sees. */
  draft = "";
  /** The server's value that the draft was made from; null before the first. */
  private told: string | null = null;
  /** The number of the change that made it so. */
  private seq = 0;
  private flight: Save | null = null;
  /** What the server would not take. It is not sent again. */
  private refused: string | null = null;
  /** What the server told, in order, and is not in the draft yet. */
  private news: { readonly value: string; readonly seq: number }[] = [];
  private composes = false;

  /** Whether what is shown is not known to be stored. */
  get pending(): boolean {
    return this.flight !== null || (this.told !== null && this.draft !== this.told);
  }

  /** Whether an answer is awaited. */
  get sent(): boolean {
    return this.flight !== null;
  }

  /** The person made this of it. */
  typed(draft: string): void {
    this.draft = draft;
    if (draft !== this.refused) this.refused = null;
  }

  /** An input method composes: what is shown is left alone. What to change when it is done. */
  composing(on: boolean): Change {
    this.composes = on;
    return this.caughtUp();
  }

  /** The server told a value, as of `seq`; what has to be changed in what is shown. */
  heard(value: string, seq: number): Change {
    this.news.push({ value, seq });
    return this.caughtUp();
  }

  /** What to send now; null for nothing. `stored` or `failed` has to be called with the answer. */
  save(): Save | null {
    const { told, draft } = this;
    const due = this.news.length === 0 && told !== null && draft !== told;
    if (this.flight || !due || draft === this.refused) return null;
    return (this.flight = { value: draft, expected: told });
  }

  /** What was sent is stored, as `seq`. What others made of it comes after that. */
  stored(seq: number): Change {
    if (this.flight) this.told = this.flight.value;
    this.flight = null;
    this.seq = seq;
    return this.caughtUp();
  }

  /** What was sent is not stored; `forGood`: it would not be a second time either. */
  failed(forGood: boolean): Change {
    if (forGood) this.refused = this.flight?.value ?? null;
    this.flight = null;
    return this.caughtUp();
  }

  /** The person may not change it any more: what is not stored is given up. */
  giveUp(): Change {
    this.flight = null;
    this.refused = null;
    // The field is taken away: nobody would hear the end of a composition.
    this.composes = false;
    const before = this.draft;
    this.draft = this.news.at(-1)?.value ?? this.told ?? "";
    this.told = this.told === null ? null : this.draft;
    this.seq = this.news.at(-1)?.seq ?? this.seq;
    this.news = [];
    return diff(before, this.draft);
  }

  /** Merges what the server told, as far as that is possible now. */
  private caughtUp(): Change {
    if (this.flight || this.composes) return [];
    const before = this.draft;
    for (const { value, seq } of this.news) {
      // Our own, which was stored already, is told like any other.
      if (this.told !== null && seq <= this.seq) continue;
      this.draft = apply(this.draft, merge(this.told ?? before, this.draft, value));
      [this.told, this.seq] = [value, seq];
    }
    this.news = [];
    return diff(before, this.draft);
  }
}
