// Where others are in the text, from the awareness of Yjs. Colours are classes of our own: what
// another editor asks for never becomes a style here.
import { Annotation, type Extension, type Range } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

import { colour } from "./people.js";

const moved = Annotation.define<true>();

class Caret extends WidgetType {
  constructor(
    readonly user: number,
    readonly name: string,
  ) {
    super();
  }

  override eq(other: Caret): boolean {
    return other.user === this.user && other.name === this.name;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = `caret person-${colour(this.user)}`;
    caret.setAttribute("aria-hidden", "true");
    const name = document.createElement("span");
    name.className = "caret-name";
    name.textContent = this.name;
    // Word joiners: a line is never broken because somebody stands there.
    caret.append("\u2060", name, "\u2060");
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

interface Shown {
  readonly user?: { readonly id?: unknown; readonly name?: unknown };
  readonly cursor?: { readonly anchor?: unknown; readonly head?: unknown } | null;
}

/** Others' carets and selections in `text`, and ours for them. */
export function carets(text: Y.Text, awareness: Awareness, mine: boolean): Extension {
  const doc = text.doc;
  if (!doc) throw new Error("the text belongs to no document");

  const place = (position: unknown): number | null => {
    try {
      const relative = Y.createRelativePositionFromJSON(position);
      const found = Y.createAbsolutePositionFromRelativePosition(relative, doc);
      return found?.type === text ? found.index : null;
    } catch {
      return null; // another editor's awareness is its own affair
    }
  };

  function shown(length: number): DecorationSet {
    const ranges: Range<Decoration>[] = [];
    for (const [client, state] of awareness.getStates() as Map<number, Shown>) {
      const { user, cursor } = state;
      if (client === awareness.clientID || !cursor) continue;
      const [anchor, head] = [place(cursor.anchor), place(cursor.head)];
      if (anchor === null || head === null || Math.max(anchor, head) > length) continue;
      const id = typeof user?.id === "number" ? user.id : 0;
      const name = typeof user?.name === "string" ? user.name.slice(0, 40) : "?";
      if (anchor !== head) {
        const mark = Decoration.mark({ class: `selected person-${colour(id)}` });
        ranges.push(mark.range(Math.min(anchor, head), Math.max(anchor, head)));
      }
      const side = head < anchor ? 1 : -1;
      ranges.push(Decoration.widget({ widget: new Caret(id, name), side }).range(head));
    }
    return Decoration.set(ranges, true);
  }

  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      private readonly heard = (
        changes: Record<"added" | "updated" | "removed", number[]>,
      ): void => {
        const clients = [...changes.added, ...changes.updated, ...changes.removed];
        if (clients.some((client) => client !== awareness.clientID)) {
          this.view.dispatch({ annotations: moved.of(true) });
        }
      };

      constructor(private readonly view: EditorView) {
        this.decorations = shown(view.state.doc.length);
        awareness.on("change", this.heard);
      }

      update(update: ViewUpdate): void {
        const { view, state, docChanged, selectionSet, focusChanged, transactions } = update;
        if (mine && (selectionSet || focusChanged || docChanged)) {
          const { anchor, head } = state.selection.main;
          const at = (index: number): unknown =>
            Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
          const cursor = view.hasFocus ? { anchor: at(anchor), head: at(head) } : null;
          const before: unknown = awareness.getLocalState()?.["cursor"] ?? null;
          if (JSON.stringify(before) !== JSON.stringify(cursor)) {
            awareness.setLocalStateField("cursor", cursor);
          }
        }
        if (docChanged || transactions.some((each) => each.annotation(moved))) {
          this.decorations = shown(state.doc.length);
        }
      }

      destroy(): void {
        awareness.off("change", this.heard);
      }
    },
    { decorations: ({ decorations }) => decorations },
  );
}
