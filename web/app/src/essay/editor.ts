// The editor: CodeMirror on a Yjs text.
import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  placeholder,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import { carets } from "./carets.js";
import type { Seen } from "./layout.js";
import { feedbackUnder, marks } from "./marks.js";

/** Each paragraph has its own direction, by its first letter. */
export const directions = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = lines(view);
    }
    update({ docChanged, viewportChanged, view }: ViewUpdate): void {
      if (docChanged || viewportChanged) this.decorations = lines(view);
    }
  },
  { decorations: ({ decorations }) => decorations },
);

const auto = Decoration.line({ attributes: { dir: "auto" } });

function lines(view: EditorView): DecorationSet {
  const found = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      found.push(auto.range(line.from));
      at = line.to + 1;
    }
  }
  return Decoration.set(found, true);
}

/** Pixels at the window's edges that are behind something. */
function edges(): { top: number; bottom: number } {
  const { scrollPaddingTop, scrollPaddingBottom } = getComputedStyle(document.documentElement);
  return { top: parseFloat(scrollPaddingTop), bottom: parseFloat(scrollPaddingBottom) };
}

/** The caret stays clear of what stands over the page's edges, as all that the browser scrolls to. */
const clear = EditorView.scrollMargins.of(edges);

/** What can be seen of an element, from its top. */
export function inSight(element: HTMLElement): Seen {
  const above = -element.getBoundingClientRect().top;
  const { top, bottom } = edges();
  return { from: above + top, to: above + innerHeight - bottom };
}

export interface Parts {
  readonly parent: HTMLElement;
  readonly text: Y.Text;
  readonly awareness: Awareness;
  readonly keys: Parameters<typeof keymap.of>[0];
  /** Somebody clicked or tapped on this piece of feedback's words. */
  readonly chosen: (id: number) => void;
  readonly updated: (update: ViewUpdate) => void;
}

/** An editor that starts read-only, and what makes it writable. */
export interface Editor {
  readonly view: EditorView;
  setWritable(on: boolean): void;
}

export function createEditor({ parent, text, awareness, keys, chosen, updated }: Parts): Editor {
  const mode = new Compartment();
  const undoManager = new Y.UndoManager(text);
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

  const modeOf = (writable: boolean): Extension => [
    // Read-only text still has a caret: it can be walked through and selected by keyboard.
    EditorState.readOnly.of(!writable),
    EditorView.contentAttributes.of({
      "aria-label": "Text of the essay",
      "aria-readonly": String(!writable),
      autocapitalize: "sentences",
      spellcheck: String(writable),
      ...(writable ? {} : { inputmode: "none" }),
    }),
    carets(text, awareness, writable),
    placeholder(writable ? "Start writing…" : "Nothing has been written yet."),
  ];

  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toJSON(),
      extensions: [
        EditorView.cspNonce.of(nonce),
        // As in Yjs, only this is one: otherwise all offsets after a CR would be shifted.
        EditorState.lineSeparator.of("\n"),
        EditorView.clipboardInputFilter.of((pasted) => pasted.replace(/\r\n?/gu, "\n")),
        EditorView.lineWrapping,
        EditorView.perLineTextDirection.of(true),
        drawSelection({
          cursorBlinkRate: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 1200,
        }),
        directions,
        clear,
        marks,
        // A tap is told by `click` alone: its selection comes as if by keyboard.
        EditorView.domEventHandlers({
          click: (event, view) => {
            const id = feedbackUnder(event, view);
            if (id !== null) chosen(id);
          },
        }),
        keymap.of([...keys, ...yUndoManagerKeymap, ...defaultKeymap]),
        // Carets are our own: those of the binding ask for inline styles.
        yCollab(text, null, { undoManager }),
        mode.of(modeOf(false)),
        EditorView.updateListener.of(updated),
      ],
    }),
  });
  let writable = false;
  return {
    view,
    setWritable(on) {
      if (on === writable) return;
      writable = on;
      // Nobody takes back what they might not write any more.
      if (!on) undoManager.clear();
      view.dispatch({ effects: mode.reconfigure(modeOf(on)) });
    },
  };
}
