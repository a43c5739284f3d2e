import { expect, test } from "vitest";
import { advice, backoff } from "../src/backoff.js";

test("the longest wait is the time away, at least half a second and at most 30", () => {
  const longest = [0, 100, 500, 501, 4000, 30_000, 1e9].map((away) => backoff(away, 1));
  expect(longest).toEqual([500, 500, 500, 501, 4000, 30_000, 30_000]);
});

test("the wait is spread over the whole time", () => {
  expect([0, 0.25, 0.5].map((random) => backoff(4000, random))).toEqual([0, 1000, 2000]);
});

test("each close code is followed as the reference says", () => {
  const codes = [1000, 1001, 1006, 1011, 1012, 1013, 4000].map(advice);
  expect(new Set(codes)).toEqual(new Set(["retry"]));
  expect([1002, 1007, 1009, 4403].map(advice)).toEqual(["stop", "stop", "stop", "stop"]);
  expect([advice(1008), advice(4401)]).toEqual(["pause", "renew"]);
});
