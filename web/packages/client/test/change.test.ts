import { expect, test } from "vitest";
import { apply, type Change, diff, map, merge, rebase } from "../src/change.js";
import { pick, seeded, whole } from "./random.js";

const LETTERS = ["a", "b", " ", "\n", "é", "👋", "👍", "🏽", "e\u0301", "ש"];
const RUNS = 2000;

function words(random: () => number, count: number): string {
  return Array.from({ length: whole(random, count) }, () => pick(random, LETTERS)).join("");
}

/** A text and what it becomes by a few edits. */
function edits(random: () => number, text: string): string {
  let points = Array.from(text);
  for (let n = whole(random, 4); n > 0; n--) {
    const at = whole(random, points.length + 1);
    points = [
      ...points.slice(0, at),
      ...Array.from(words(random, 4)),
      ...points.slice(at + whole(random, 4)),
    ];
  }
  return points.join("");
}

function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
}

test("a difference, applied, gives the other text", () => {
  for (let seed = 0; seed < RUNS; seed++) {
    const random = seeded(seed);
    const a = words(random, 40);
    const b = random() < 0.5 ? edits(random, a) : words(random, 40);
    expect(apply(a, diff(a, b)), `seed ${seed}`).toBe(b);
  }
});

test("no change cuts a surrogate pair in two", () => {
  for (let seed = 0; seed < RUNS; seed++) {
    const random = seeded(seed);
    const a = words(random, 20);
    for (const { at, del, ins } of diff(a, edits(random, a))) {
      const pieces = [a.slice(0, at), a.slice(at, at + del), ins];
      expect(pieces.every(isWellFormed), `seed ${seed}`).toBe(true);
    }
  }
});

test("a difference names the place that was edited, not more", () => {
  expect(diff("one two three", "one 2 three")).toEqual([{ at: 4, del: 3, ins: "2" }]);
  expect(diff("one two three", "ones two tree")).toEqual([
    { at: 3, del: 0, ins: "s" },
    { at: 9, del: 1, ins: "" },
  ]);
  expect(diff("same", "same")).toEqual([]);
});

test("texts that have nothing in common are replaced, in bounded time", () => {
  const a = Array.from({ length: 20_000 }, (_, n) => `a${n}`).join(" ");
  const b = Array.from({ length: 20_000 }, (_, n) => `b${n}`).join("\n");
  const started = performance.now();
  expect(apply(a, diff(a, b))).toBe(b);
  expect(performance.now() - started).toBeLessThan(10_000);
});

/** `text` with some letters deleted and some that stand nowhere else inserted. */
function marked(random: () => number, text: string, marks: string): Change {
  const change = [];
  for (let at = whole(random, 5); at <= text.length; at += 1 + whole(random, 12)) {
    const del = Math.min(whole(random, 4), text.length - at);
    const ins = random() < 0.7 ? marks.slice(0, 1 + whole(random, 3)) : "";
    marks = marks.slice(ins.length);
    if (del || ins) change.push({ at, del, ins });
    at += del;
  }
  return change;
}

test("of two changes made at once, all that was inserted stays and all that was deleted goes", () => {
  const base = "abcdefghijklmnopqrstuvwxyz";
  for (let seed = 0; seed < RUNS; seed++) {
    const random = seeded(seed);
    const mine = marked(random, base, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const theirs = marked(random, base, "0123456789ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏ");
    const merged = apply(apply(base, mine), rebase(theirs, mine));
    const expected = Array.from(base)
      .filter(
        (letter) => apply(base, mine).includes(letter) && apply(base, theirs).includes(letter),
      )
      .concat(
        ...mine.map(({ ins }) => Array.from(ins)),
        ...theirs.map(({ ins }) => Array.from(ins)),
      );
    expect(Array.from(merged).sort().join(""), `seed ${seed}`).toBe(expected.sort().join(""));
  }
});

test("merging what nobody changed, or what one side changed, is that side's text", () => {
  const [base, mine] = ["one two three", "one 2 three!"];
  expect(apply(mine, merge(base, mine, base))).toBe(mine);
  expect(apply(base, merge(base, base, mine))).toBe(mine);
});

test("a caret stays with its words", () => {
  const change = [
    { at: 0, del: 0, ins: "So " },
    { at: 4, del: 4, ins: "2" },
  ];
  const text = "one two three";
  expect(apply(text, change)).toBe("So one 2three");
  expect([0, 3, 4, 6, 8, 13].map((at) => map(change, at, false))).toEqual([0, 6, 7, 8, 8, 13]);
  expect(map(change, 0, true)).toBe(3);
});
