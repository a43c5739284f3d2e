// What the drop-in pieces have in common. No text becomes markup, and styles are sheets of their
// own, so that they work on pages with a strict Content-Security-Policy.

/** A sheet, made once and shared by all pieces of a kind. */
export function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

export const COMMON = sheet(`
  :host { color: inherit; display: block; font: inherit; }
  :host([hidden]) { display: none; }
  ul { list-style: none; margin: 0; padding: 0; }
  .unseen {
    clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute;
    white-space: nowrap; width: 1px;
  }
  @media (prefers-reduced-motion: reduce) { * { animation: none; transition: none; } }
`);

/** An element with these attributes and children; null is left out. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | null> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A room, as far as pieces follow one. */
interface Followed {
  on(name: "change", heard: () => void): () => void;
}

/** A piece that shows a room; it draws when the room changes, at most once a frame. */
export abstract class Piece<Room extends Followed> extends HTMLElement {
  protected readonly root = this.attachShadow({ mode: "open" });
  private shown: Room | null = null;
  private forget: (() => void) | null = null;
  private frame = 0;

  protected constructor(styles: CSSStyleSheet) {
    super();
    this.root.adoptedStyleSheets = [COMMON, styles];
  }

  /** The room that is shown. Set it, and everything else happens by itself. */
  get room(): Room | null {
    return this.shown;
  }

  set room(room: Room | null) {
    if (room === this.shown) return;
    this.leave();
    this.shown = room;
    if (this.isConnected) this.enter();
  }

  connectedCallback(): void {
    this.enter();
  }

  disconnectedCallback(): void {
    this.leave();
  }

  /** Begin with the room. Returns what ends that. */
  protected abstract follow(room: Room): () => void;

  protected abstract draw(room: Room): void;

  protected drawSoon(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.shown && this.isConnected) this.draw(this.shown);
    });
  }

  private enter(): void {
    const room = this.shown;
    if (!room || this.forget) return;
    const ends = [
      this.follow(room),
      room.on("change", () => {
        this.drawSoon();
      }),
    ];
    this.forget = () => {
      for (const end of ends) end();
    };
    this.drawSoon();
  }

  private leave(): void {
    this.forget?.();
    this.forget = null;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }
}
