// Changes of a text. Positions are UTF-16 code units, as in JavaScript strings. No change that is
// made here cuts a surrogate pair in two.

/** At `at` of the old text, `del` units are replaced by `ins`. */
export interface Hunk {
  readonly at: number;
  readonly del: number;
  readonly ins: string;
}

/** From `start` up to `end`, which is not part of it. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Hunks in the order of the text, none overlapping another. */
export type Change = readonly Hunk[];

/** Edits (of words) after which two texts count as having nothing to do with each other. */
const MOST_EDITS = 1000;

/** The text after a change. */
export function apply(text: string, change: Change): string {
  let result = "";
  let done = 0;
  for (const { at, del, ins } of change) {
    result += text.slice(done, at) + ins;
    done = at + del;
  }
  return result + text.slice(done);
}

/** Where a position of the old text is in the new one; `after` what was inserted right there? */
export function map(change: Change, position: number, after: boolean): number {
  let shift = 0;
  for (const { at, del, ins } of change) {
    if (position < at || (position === at && !after)) break;
    if (position < at + del) return at + shift + ins.length;
    shift += ins.length - del;
  }
  return position + shift;
}

/** Where the words of a range of the old text are in the new one. */
export function mapRange(change: Change, start: number, end: number): Range {
  const first = map(change, start, true);
  return { start: first, end: Math.max(first, map(change, end, false)) };
}

/**
 * `change`, to be made after `other`, which was made on the same text. What either inserts stays;
 * what either deletes goes. At the same place, `change` inserts first.
 */
export function rebase(change: Change, other: Change): Change {
  const result: Hunk[] = [];
  const add = (at: number, del: number, ins: string): void => {
    if (del || ins) result.push({ at, del, ins });
  };
  for (const { at, del, ins } of change) {
    add(map(other, at, false), 0, ins);
    let from = at;
    for (const each of other) {
      if (each.at + each.del <= from || each.at >= at + del) continue;
      if (each.at > from) add(map(other, from, true), each.at - from, "");
      from = Math.min(each.at + each.del, at + del);
    }
    if (from < at + del) add(map(other, from, true), at + del - from, "");
  }
  return result;
}

/** What to change in `mine` so that it has what `theirs` changed in `base` as well. */
export function merge(base: string, mine: string, theirs: string): Change {
  return base === theirs ? [] : rebase(diff(base, theirs), diff(base, mine));
}

/** A change that makes `b` of `a`. It is sought among whole words, and made as small as can be. */
export function diff(a: string, b: string): Hunk[] {
  if (a === b) return [];
  let [head, tail] = same(a, b);
  while (head && WORD.test(a.charAt(head - 1))) head--;
  while (tail && WORD.test(a.charAt(a.length - tail))) tail--;
  const old = words(a.slice(head, a.length - tail));
  const ins = b.slice(head, b.length - tail);
  const edits = shortest(old, words(ins)) ?? [{ at: 0, del: old.length, ins }];
  return edits.flatMap((edit) => {
    const at = head + length(old, edit.at);
    const gone = old.slice(edit.at, edit.at + edit.del).join("");
    const [first, last] = same(gone, edit.ins);
    const kept = edit.ins.slice(first, edit.ins.length - last);
    return { at: at + first, del: gone.length - first - last, ins: kept };
  });
}

const WORD = /[\p{L}\p{N}\p{M}\p{Cs}_]/u;

function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}\p{M}_]+|[^\S\n]+|[^]/gu) ?? [];
}

function length(parts: readonly string[], count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += parts[i]?.length ?? 0;
  return sum;
}

/** How much two texts share at their beginnings and, of the rest, at their ends. */
function same(a: string, b: string): [number, number] {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  if (head && b.charCodeAt(head - 1) >> 10 === HIGH) head--;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  if (tail && b.charCodeAt(b.length - tail) >> 10 === LOW) tail--;
  return [head, tail];
}

/** How the halves of a surrogate pair begin: their upper six bits. */
const HIGH = 0x36;
const LOW = 0x37;

/** How far a number of edits leads on one diagonal: this far into the first list, by these edits. */
interface Path {
  readonly reached: number;
  readonly last: Edit | null;
}

interface Edit extends Hunk {
  readonly before: Edit | null;
}

/** Myers' shortest edit script, as hunks of the first list's items; null when it is too long. */
function shortest(x: readonly string[], y: readonly string[]): Hunk[] | null {
  const paths = new Map<number, Path>();
  for (let edits = 0; edits <= MOST_EDITS; edits++) {
    for (let k = -edits; k <= edits; k += 2) {
      const path = furthest(paths.get(k + 1), paths.get(k - 1), y, k);
      let { reached } = path;
      while (reached < x.length && x[reached] === y[reached - k]) reached++;
      if (reached >= x.length && reached - k >= y.length) return joined(path.last);
      paths.set(k, { reached, last: path.last });
    }
  }
  return null;
}

/** One more edit: an insertion after the path above, or a deletion after the one below. */
function furthest(
  above: Path | undefined,
  below: Path | undefined,
  y: readonly string[],
  k: number,
): Path {
  if (above && (!below || below.reached < above.reached)) {
    const { reached: at, last: before } = above;
    return { reached: at, last: { at, del: 0, ins: y[at - k - 1] ?? "", before } };
  }
  if (!below) return { reached: 0, last: null };
  const { reached: at, last: before } = below;
  return { reached: at + 1, last: { at, del: 1, ins: "", before } };
}

/** Neighbouring edits as one hunk each. */
function joined(last: Edit | null): Hunk[] {
  const hunks: Hunk[] = [];
  for (let edit = last; edit; edit = edit.before) {
    const { at, del, ins } = edit;
    const next = hunks[0];
    if (next?.at === at + del) hunks[0] = { at, del: del + next.del, ins: ins + next.ins };
    else hunks.unshift({ at, del, ins });
  }
  return hunks;
}
