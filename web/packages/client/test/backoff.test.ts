import { expect, test } from "vitest";
import { advice, backoff } from "../src/backoff.js";

test("the longest wait doubles with each attempt, up to 30 seconds", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 7, 100, 2000].map((attempt) => backoff(attempt, 1));
  expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000]);
});

test("the wait is spread over the whole time", () => {
  expect([0, 0.25, 0.5].map((random) => backoff(3, random))).toEqual([0, 1000, 2000]);
});

test("each close code is followed as the reference says", () => {
  const codes = [1000, 1001, 1006, 1011, 1012, 1013, 4000].map(advice);
  expect(new Set(codes)).toEqual(new Set(["retry"]));
  expect([1002, 1007, 1009, 4403].map(advice)).toEqual(["stop", "stop", "stop", "stop"]);
  expect([advice(1008), advice(4401)]).toEqual(["pause", "renew"]);
});
