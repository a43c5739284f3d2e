// Shows a text as it once stood: by whom it was written, what had been changed, and the highlights
// of that time. An editor that nobody types into, because it draws only what can be seen.
import { defaultKeymap } from "@codemirror/commands";
import { EditorState, type Range as Marked, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  placeholder,
  WidgetType,
} from "@codemirror/view";

import { directions } from "../essay/editor.js";
import { type Past, shares } from "./past.js";

export interface Shows {
  readonly changes: boolean;
  readonly writers: boolean;
}

/** Letters of a deleted passage that are shown. */
const LONGEST = 2000;

class Deleted extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: Deleted): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const gone = document.createElement("del");
    const more = this.text.length - LONGEST;
    gone.textContent = more > 0 ? `${this.text.slice(0, LONGEST)}… (${more} more)` : this.text;
    return gone;
  }
}

const put = StateEffect.define<DecorationSet>();
const drawn = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (value, { effects }) => effects.find((each) => each.is(put))?.value ?? value,
  provide: (field) => EditorView.decorations.from(field),
});

/** All that is drawn on the text of a version. */
export function decorations(past: Past, { changes, writers }: Shows): DecorationSet {
  const ranges: Marked<Decoration>[] = [];
  if (writers) {
    const colours = new Map(shares(past).map(({ person, colour }) => [person.id, colour]));
    for (const { start, end, author_id } of past.ranges) {
      if (start === end) continue;
      const by = `by person-${colours.get(author_id) ?? 0}`;
      ranges.push(Decoration.mark({ class: by }).range(start, end));
    }
  }
  if (changes) {
    for (const { start, end, deleted } of past.changes) {
      if (start < end) ranges.push(Decoration.mark({ tagName: "ins" }).range(start, end));
      if (deleted) {
        ranges.push(Decoration.widget({ widget: new Deleted(deleted), side: -1 }).range(start));
      }
    }
  }
  for (const { id, type, status, highlight_start: from, highlight_end: to } of past.feedback) {
    if (from === null || to === null || from >= to || status === "resolved") continue;
    const attributes = { "data-feedback": String(id) };
    ranges.push(Decoration.mark({ class: `mark mark-${type}`, attributes }).range(from, to));
  }
  return Decoration.set(ranges, true);
}

export interface Reader {
  show(past: Past, shows: Shows): void;
  /** Bring a place of the text into sight. */
  reveal(position: number): void;
  destroy(): void;
}

export function createReader(parent: HTMLElement): Reader {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
  const view = new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorState.lineSeparator.of("\n"),
        EditorState.readOnly.of(true),
        EditorView.lineWrapping,
        EditorView.perLineTextDirection.of(true),
        EditorView.contentAttributes.of({
          "aria-label": "Text of this version",
          "aria-readonly": "true",
          inputmode: "none",
          spellcheck: "false",
        }),
        drawSelection({ cursorBlinkRate: 0 }),
        directions,
        placeholder("Nothing had been written yet."),
        drawn,
        keymap.of(defaultKeymap),
      ],
    }),
  });
  return {
    show(past, shows) {
      const { doc } = view.state;
      const same = doc.length === past.content.length && doc.toString() === past.content;
      view.dispatch({
        ...(same ? {} : { changes: { from: 0, to: doc.length, insert: past.content } }),
        effects: put.of(decorations(past, shows)),
      });
    },
    reveal(position) {
      view.dispatch({ effects: EditorView.scrollIntoView(position, { y: "center" }) });
    },
    destroy() {
      view.destroy();
    },
  };
}
