// <workroom-textarea>: around a plain <textarea>, keeps it and an essay the same; shows highlights
// under its words, who is typing, whether the text is saved, and what was commented.
import {
  bindTextarea,
  diff,
  type Essay,
  type Feedback,
  map,
  type SaveState,
  type Selection,
} from "../index.js";
import { make, Piece, sheet } from "./base.js";

const STYLES = sheet(`
  .box { display: grid; position: relative; }
  .layer {
    border-color: transparent; border-style: solid; box-sizing: border-box; color: transparent;
    inset: 0; overflow: hidden; overflow-wrap: break-word; pointer-events: none;
    position: absolute; user-select: none; white-space: pre-wrap;
  }
  .layer mark { border-radius: 2px; color: transparent; }
  ::slotted(textarea) { background: transparent !important; position: relative; }
  mark, .dot { background: color-mix(in srgb, var(--type) 30%, transparent); }
  .dot { border: 1px solid var(--type); border-radius: 3px; display: inline-block; height: 0.7em;
    margin-inline-end: 0.4em; width: 0.7em; }
  .content { --type: var(--workroom-content, #1d5fa8); }
  .grammar { --type: var(--workroom-grammar, #b3243a); }
  .structure { --type: var(--workroom-structure, #6a3fb5); }
  .style { --type: var(--workroom-style, #b07400); }
  .general { --type: var(--workroom-general, #1f6b4a); }
  .line { display: flex; font-size: 0.875em; gap: 1em; justify-content: space-between;
    min-height: 1.6em; }
  .comments { display: grid; font-size: 0.875em; gap: 0.4em; margin-top: 0.4em; }
  .comments q { opacity: 0.75; }
  li { overflow-wrap: anywhere; }
`);

/** What decides where the words of a field stand. */
const LOOKS = [
  ...["direction", "font", "letter-spacing", "line-height", "tab-size", "text-align"],
  ...["text-indent", "text-transform", "word-break", "word-spacing", "unicode-bidi"],
  ...["padding-top", "padding-right", "padding-bottom", "padding-left"],
  ...["border-top-width", "border-right-width", "border-bottom-width", "border-left-width"],
];

const SAVED: Record<SaveState, string> = {
  stored: "Saved",
  sent: "Saving…",
  unsaved: "Not saved yet",
  refused: "Could not be saved",
};

type Marked = Selection & { readonly type: string };

export class WorkroomTextarea extends Piece<Essay> {
  private readonly layer = make("div", { class: "layer", "aria-hidden": "true", dir: "auto" });
  private readonly typing = make("span", { part: "typing", "aria-live": "polite" });
  private readonly saved = make("span", { part: "saved", role: "status" });
  private readonly comments = make("ul", { class: "comments", part: "comments" });
  private field: HTMLTextAreaElement | null = null;
  /** Where highlights are in what the field last held. */
  private places = new Map<number, Selection>();
  private value = "";

  constructor() {
    super(STYLES);
    this.comments.setAttribute("aria-label", "Comments");
    this.root.append(
      make("div", { class: "box" }, this.layer, make("slot")),
      make("div", { class: "line", part: "line" }, this.typing, this.saved),
      this.comments,
    );
  }

  protected follow(essay: Essay): () => void {
    const field = this.querySelector("textarea");
    if (!field) throw new Error("<workroom-textarea> needs a <textarea> in it");
    this.field = field;
    const again = (): void => {
      this.drawSoon();
    };
    const scrolled = (): void => {
      this.layer.scrollTop = field.scrollTop;
    };
    const unbind = bindTextarea(essay, field);
    const resized = new ResizeObserver(again);
    resized.observe(field);
    field.addEventListener("input", again);
    field.addEventListener("scroll", scrolled);
    return () => {
      unbind();
      resized.disconnect();
      field.removeEventListener("input", again);
      field.removeEventListener("scroll", scrolled);
      this.layer.replaceChildren();
      this.places.clear();
      this.value = "";
      this.comments.replaceChildren();
      this.typing.textContent = this.saved.textContent = "";
    };
  }

  protected draw(essay: Essay): void {
    const { field } = this;
    if (!field) return;
    this.lookLike(field);
    const { feedback, phase, typing, text } = essay.state;
    const open = [...feedback.values()].filter(({ status }) => status !== "resolved");
    this.place(essay, open, field.value);
    this.drawMarks(
      field.value,
      open.flatMap(({ id, type }) => {
        const place = this.places.get(id);
        return place && place.start < place.end ? [{ ...place, type }] : [];
      }),
    );
    this.layer.scrollTop = field.scrollTop;
    const names = [...typing.values()].map(({ name }) => name);
    const says = names.length
      ? `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing…`
      : "";
    if (this.typing.textContent !== says) this.typing.textContent = says;
    const known = text.base ? SAVED[essay.saved] : "Connecting…";
    const saved = phase === "closed" && essay.saved !== "stored" ? "No longer saved" : known;
    if (this.saved.textContent !== saved) this.saved.textContent = saved;
    this.comments.replaceChildren(...open.map(comment));
  }

  /**
   * Where the server says that highlights are holds for its text. While more was typed than it has
   * told, they move with their words.
   */
  private place(essay: Essay, feedback: readonly Feedback[], value: string): void {
    const told = essay.state.text.base?.text === value;
    const change = diff(this.value, value);
    const places = new Map<number, Selection>();
    for (const { id, highlight_start, highlight_end } of feedback) {
      if (highlight_start === null || highlight_end === null) continue;
      const known = told ? undefined : this.places.get(id);
      const start = known && map(change, known.start, true);
      const place =
        known && start !== undefined
          ? { start, end: Math.max(start, map(change, known.end, false)) }
          : essay.inText(highlight_start, highlight_end);
      places.set(id, place);
    }
    this.places = places;
    this.value = value;
  }

  /** The words under the field have to stand where they stand in it. */
  private lookLike(field: HTMLTextAreaElement): void {
    const looks = getComputedStyle(field);
    const { style } = this.layer;
    for (const name of LOOKS) style.setProperty(name, looks.getPropertyValue(name));
    style.setProperty("height", `${field.offsetHeight}px`);
    // A scroll bar takes its room from the words.
    const bar = field.offsetWidth - field.clientWidth;
    const borders = parseFloat(looks.borderLeftWidth) + parseFloat(looks.borderRightWidth);
    style.setProperty("width", `${field.offsetWidth - Math.max(0, bar - borders)}px`);
  }

  private drawMarks(value: string, marks: readonly Marked[]): void {
    const edges = new Set([0, value.length]);
    for (const { start, end } of marks) edges.add(start).add(end);
    const places = [...edges].sort((one, two) => one - two);
    const parts = places.slice(0, -1).map((start, i) => {
      const words = value.slice(start, places[i + 1]);
      // Where several lie over each other, the shortest is seen.
      const over = marks
        .filter((mark) => mark.start <= start && start < mark.end)
        .sort((one, two) => one.end - one.start - (two.end - two.start));
      return over[0] ? make("mark", { class: over[0].type }, words) : words;
    });
    // A last empty line is there only if something stands in it.
    this.layer.replaceChildren(...parts, "\u200b");
  }
}

function comment({ type, quote, comment: words, author }: Feedback): HTMLLIElement {
  const item = make("li", { part: "comment", dir: "auto" }, make("span", { class: `dot ${type}` }));
  if (quote) item.append(make("q", {}, quote), " ");
  item.append(`${words} `);
  if (author) item.append(make("small", {}, `${author.name}, ${type}`));
  return item;
}

customElements.define("workroom-textarea", WorkroomTextarea);

declare global {
  interface HTMLElementTagNameMap {
    "workroom-textarea": WorkroomTextarea;
  }
}
