// Highlights in the editor. The server says where they stand; between two of its words they move
// with their text here, by the same rules: they grow inside, never at their edges.
import { type EditorState, type Range, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";

export type FeedbackType = "content" | "grammar" | "structure" | "style" | "general";

export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly type: FeedbackType;
}

interface Marks {
  readonly byId: ReadonlyMap<number, Mark>;
  /** What a comment is being written about. */
  readonly draft: Mark | null;
  readonly active: number | null;
  readonly shown: DecorationSet;
}

/** Marks that are new or stand elsewhere; null takes one away. */
export const setMarks = StateEffect.define<ReadonlyMap<number, Mark | null>>();
export const setDraft = StateEffect.define<Mark | null>();
export const setActive = StateEffect.define<number | null>();

function decorate(
  byId: ReadonlyMap<number, Mark>,
  draft: Mark | null,
  active: number | null,
): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const [id, { from, to, type }] of byId) {
    if (from === to) continue;
    const chosen = id === active ? " is-active" : "";
    const attributes = { "data-feedback": String(id) };
    ranges.push(
      Decoration.mark({ class: `mark mark-${type}${chosen}`, attributes }).range(from, to),
    );
  }
  if (draft && draft.from < draft.to) {
    ranges.push(Decoration.mark({ class: "mark mark-draft" }).range(draft.from, draft.to));
  }
  return Decoration.set(ranges, true);
}

export const marks = StateField.define<Marks>({
  create: () => ({ byId: new Map(), draft: null, active: null, shown: Decoration.none }),
  update(value, { changes, docChanged, effects, newDoc }) {
    let { byId, draft, active, shown } = value;
    if (docChanged) {
      const moved = (mark: Mark): Mark => {
        const from = changes.mapPos(mark.from, 1);
        return { ...mark, from, to: Math.max(from, changes.mapPos(mark.to, -1)) };
      };
      byId = new Map([...byId].map(([id, mark]) => [id, moved(mark)]));
      draft = draft && moved(draft);
      // By the same rules as above, and without comparing what nobody changed.
      shown = shown.map(changes);
    }
    let changed = false;
    for (const effect of effects) {
      if (effect.is(setMarks)) {
        const next = new Map(byId);
        for (const [id, mark] of effect.value) {
          const to = Math.min(mark?.to ?? 0, newDoc.length);
          if (mark) next.set(id, { ...mark, from: Math.min(mark.from, to), to });
          else next.delete(id);
        }
        byId = next;
      } else if (effect.is(setDraft)) draft = effect.value;
      else if (effect.is(setActive)) active = effect.value;
      else continue;
      changed = true;
    }
    if (changed) shown = decorate(byId, draft, active);
    return changed || docChanged ? { byId, draft, active, shown } : value;
  },
  provide: (field) => EditorView.decorations.from(field, ({ shown }) => shown),
});

/** The feedback whose words were clicked on; null where some were selected, or there is none. */
export function feedbackUnder({ target, clientX: x, clientY: y }: MouseEvent, view: EditorView) {
  const mark = (target as Element).closest<HTMLElement>(".mark[data-feedback]");
  // After a tap, the editor may not have heard yet where the caret is.
  if (!mark || !getSelection()?.isCollapsed) return null;
  // The right half of the last letter is the place behind the words.
  return (
    feedbackAt(view.state, view.posAtCoords({ x, y }, false)) ?? Number(mark.dataset["feedback"])
  );
}

/** The feedback on a position: the shortest highlight, where several overlap. */
export function feedbackAt(state: EditorState, position: number): number | null {
  let found: number | null = null;
  let shortest = Infinity;
  for (const [id, { from, to }] of state.field(marks).byId) {
    if (from <= position && position < to && to - from < shortest) {
      [found, shortest] = [id, to - from];
    }
  }
  return found;
}

/** The next highlight after the active one, or after the caret (or the one before), and round. */
export function neighbour(
  state: EditorState,
  active: number | null,
  step: 1 | -1,
): [number, Mark] | undefined {
  const all = [...state.field(marks).byId].sort(
    ([, one], [, two]) => one.from - two.from || one.to - two.to,
  );
  const at = all.findIndex(([id]) => id === active);
  const before = all.filter(([, { from }]) => from < state.selection.main.head).length;
  const next = at >= 0 ? at + step : before - (step < 0 ? 1 : 0);
  return all.at(next % all.length);
}
