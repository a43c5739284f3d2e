// <workroom-avatars>: who is in an essay or a project now.
import type { Essay, Project } from "../index.js";
import { make, Piece, sheet } from "./base.js";

const COLOURS = 8;

const STYLES = sheet(`
  ul { align-items: center; display: flex; }
  li {
    align-items: center; background: var(--colour); border: 2px solid var(--workroom-ring, Canvas);
    border-radius: 50%; box-sizing: border-box; color: #fff; display: flex; flex: none;
    font-size: 0.75em; font-weight: 650; height: 2.9em; justify-content: center; width: 2.9em;
  }
  li + li { margin-inline-start: -0.5em; }
  .more { background: #5b6270; }
  ${["#1d5fa8", "#a83262", "#2f6f3e", "#8a4b08", "#6a3fb5", "#0b6b75", "#9c3a1f", "#4b5563"]
    .map((colour, i) => `.c${i} { --colour: ${colour}; }`)
    .join("\n")}
`);

/** As many as are shown one by one; `most` says another number. */
const MOST = 6;

function initials(name: string): string {
  const words = name.replace(/^(dr|prof|mr|mrs|ms)\.?\s+/iu, "").split(/[\s_.]+/u);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends
    .map((word = "") => String.fromCodePoint(word.codePointAt(0) ?? 0x3f))
    .join("")
    .toUpperCase();
}

export class WorkroomAvatars extends Piece<Essay | Project> {
  static readonly observedAttributes = ["most"];

  private readonly list = make("ul", { "aria-label": "Here now", part: "list" });

  constructor() {
    super(STYLES);
    this.root.append(this.list);
  }

  attributeChangedCallback(): void {
    this.drawSoon();
  }

  protected follow(): () => void {
    return () => {
      this.list.replaceChildren();
    };
  }

  protected draw(room: Essay | Project): void {
    const people = [...room.state.people.entries()]
      .map(([id, person]) => ({ id, name: "name" in person ? person.name : person.username }))
      .sort((one, two) => one.id - two.id);
    const most = Number(this.getAttribute("most")) || MOST;
    const shown = people.slice(0, people.length > most ? most - 1 : most);
    const more = people.length - shown.length;
    const items = shown.map(({ id, name }) => {
      const face = make("span", { "aria-hidden": "true" }, initials(name));
      const attributes = { class: `c${id % COLOURS}`, title: name, part: "person" };
      return make("li", attributes, face, make("span", { class: "unseen" }, name));
    });
    if (more) items.push(make("li", { class: "more", part: "more" }, `+${more}`));
    this.list.replaceChildren(...items);
  }
}

customElements.define("workroom-avatars", WorkroomAvatars);

declare global {
  interface HTMLElementTagNameMap {
    "workroom-avatars": WorkroomAvatars;
  }
}
