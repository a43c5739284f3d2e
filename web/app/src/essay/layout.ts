// Where cards stand in the margin: beside their text if they can, and over each other only where one
// that is read has too many before it; and which part of it can be seen.

export interface Box {
  readonly id: number;
  /** Where its text is, and how high the card is, in pixels. */
  readonly want: number;
  readonly height: number;
}

const GAP = 10;

/** Pixels by which cards before it may push a card that is being read away from its text. */
const NEAR = 300;

/**
 * The top of each card, by id. Cards keep the order of `boxes`, none begins above `floor`, and the
 * one that is being read stands beside its text, or a little below those before it; with `within`,
 * there. Where there are too many before it, they stand over each other at the top.
 */
export function place(
  boxes: readonly Box[],
  active: number | null,
  floor = 0,
  within: Seen | null = null,
): ReadonlyMap<number, number> {
  const tops: number[] = [];
  let next = floor;
  for (const { want, height } of boxes) {
    const top = Math.max(want, next);
    tops.push(top);
    next = top + height + GAP;
  }
  const at = boxes.findIndex(({ id }) => id === active);
  const box = boxes[at];
  if (box) {
    const above = boxes.slice(0, at).reduce((sum, { height }) => sum + height + GAP, floor);
    const beside = Math.max(box.want, floor);
    const top = above > beside + NEAR ? beside : Math.max(beside, above);
    tops[at] = within ? Math.max(within.from, Math.min(top, within.to - box.height)) : top;
    for (let i = at - 1; i >= 0; i--) {
      const room = (tops[i + 1] ?? 0) - GAP - (boxes[i]?.height ?? 0);
      tops[i] = Math.max(floor, Math.min(tops[i] ?? 0, room));
    }
    for (let i = at + 1; i < boxes.length; i++) {
      const before = (tops[i - 1] ?? 0) + (boxes[i - 1]?.height ?? 0) + GAP;
      tops[i] = Math.max(boxes[i]?.want ?? 0, before);
    }
  }
  return new Map(boxes.map(({ id }, i) => [id, tops[i] ?? 0]));
}

/** Whether the same cards have the same tops. */
export function same(one: ReadonlyMap<number, number>, two: ReadonlyMap<number, number>): boolean {
  return one.size === two.size && [...one].every(([id, top]) => two.get(id) === top);
}

/** Whether comments are shown over the text, not beside it. */
export function narrow(): boolean {
  return innerWidth < 992;
}

/** A part of the margin, in pixels from its top. */
export interface Seen {
  readonly from: number;
  readonly to: number;
}

/** Pixels above and below what is to be seen in which cards are there already. */
const BEYOND = 800;

/** What can be seen between `above` and `below`, and some more; as `before`, while that is enough. */
export function seenFrom(above: number, below: number, before: Seen): Seen {
  const margin = BEYOND / 4;
  if (before.from <= above - margin && before.to >= below + margin) return before;
  return { from: above - BEYOND, to: below + BEYOND };
}
