import { describe, expect, it } from "vitest";

import { place, seenFrom } from "../src/essay/layout.js";

const card = (
  id: number,
  want: number,
  height = 50,
): { id: number; want: number; height: number } => ({
  id,
  want,
  height,
});

describe("cards in the margin", () => {
  it("stand beside their words where there is room", () => {
    expect([...place([card(1, 0), card(2, 100)], null)]).toEqual([
      [1, 0],
      [2, 100],
    ]);
  });

  it("never stand over each other, whichever is read", () => {
    const boxes = [card(1, 0), card(2, 10, 80), card(3, 20), card(4, 25), card(5, 400)];
    for (const active of [null, 1, 2, 3, 4, 5]) {
      const tops = place(boxes, active, 30);
      let end = 30;
      for (const { id, height } of boxes) {
        expect(tops.get(id)).toBeGreaterThanOrEqual(end);
        end = (tops.get(id) ?? 0) + height;
      }
    }
  });

  it("make room for the one that is read", () => {
    const boxes = [card(1, 180), card(2, 190), card(3, 200)];
    expect(place(boxes, null).get(3)).toBe(300);
    expect(place(boxes, 3).get(3)).toBe(200);
  });

  it("leave the one that is read near its words, however many stand before it", () => {
    const boxes = Array.from({ length: 50 }, (_, id) => card(id, 10 * id));
    const tops = place(boxes, 49, 30);
    expect(tops.get(49)).toBe(490);
    expect([tops.get(48), tops.get(47)]).toEqual([430, 370]);
    expect(Math.min(...tops.values())).toBe(30);
  });

  it("make room for the one that has to be seen, wherever they stand themselves", () => {
    const boxes = [card(1, 180), card(2, 190), card(3, 200), card(4, 210)];
    const seen = { from: 100, to: 220 };
    expect([...place(boxes, 3, 30, seen).values()]).toEqual([50, 110, 170, 230]);
    expect([...place(boxes, 3, 80, seen).values()]).toEqual([80, 110, 170, 230]);
    expect(place(boxes, 1, 30, { from: 0, to: 200 }).get(1)).toBe(150);
    expect(place(boxes, 1, 30, { from: 300, to: 400 }).get(1)).toBe(300);
    expect(place(boxes, 1, 30, { from: 300, to: 320 }).get(1)).toBe(300);
  });
});

describe("what can be seen", () => {
  it("reaches further than the window, and stays the same while that is enough", () => {
    const first = seenFrom(0, 600, { from: 0, to: 0 });
    expect(first).toEqual({ from: -800, to: 1400 });
    expect(seenFrom(500, 1100, first)).toBe(first);
    expect(seenFrom(900, 1500, first)).toEqual({ from: 100, to: 2300 });
  });
});
