import { expect, test } from "vitest";
import {
  ANSWER,
  type ConnectionEffect,
  type ConnectionInput,
  type ConnectionState,
  NEW,
  SILENCE,
  step,
} from "../src/connection.js";
import type { Incoming } from "../src/dialects/dialect.js";
import { essays } from "../src/dialects/essays.js";
import { projects } from "../src/dialects/projects.js";

/** Plays inputs one after the other; each draws the same number. */
function play(inputs: readonly ConnectionInput[], random = 1, from = NEW) {
  let state: ConnectionState = from;
  let effects: ConnectionEffect[] = [];
  for (const input of inputs) [state, effects] = step(state, input, random);
  return { state, effects, done: effects.map((effect) => effect.do) };
}

const token = (value: string): ConnectionInput => ({ type: "token", token: value });
const closed = (code: number): ConnectionInput => ({ type: "closed", code, reason: "" });
const hear = (message: Incoming): ConnectionInput => ({ type: "message", message });
const ack = hear({ kind: "ack", id: "r", seq: 1, body: {} });
const expiring = hear({
  kind: "event",
  type: "token_expiring",
  room: null,
  seq: null,
  body: { seconds: 60 },
});
const OPEN: ConnectionInput[] = [{ type: "start" }, token("t1"), { type: "opened" }];

function waitOf(effects: readonly ConnectionEffect[]): number | null | undefined {
  const timer = effects.find((each) => each.do === "timer" && each.input === "retry");
  return timer?.do === "timer" ? timer.ms : undefined;
}

test("a connection asks for a token, opens, and lets the rooms join", () => {
  expect(play([{ type: "start" }]).done).toContain("ask_token");
  expect(play(OPEN.slice(0, 2)).effects[0]).toEqual({ do: "open", token: "t1" });
  expect(play(OPEN).done).toContain("up");
});

test("a broken connection comes back, each time after a longer wait", () => {
  const broken: ConnectionInput[] = [closed(1006), { type: "retry" }];
  const waits = [0, 1, 2, 3].map((times) => {
    const before = Array.from({ length: times }, () => broken).flat();
    return waitOf(play([...OPEN, ...before, closed(1006)]).effects);
  });
  expect(waits).toEqual([500, 500, 1000, 2000]);
});

test("the wait starts over once a message has arrived, but not with an error", () => {
  const again: ConnectionInput[] = [closed(1006), { type: "retry" }, { type: "opened" }];
  expect(waitOf(play([...OPEN, ...again, ack, closed(1006)]).effects)).toBe(500);
  const limit = hear({
    kind: "error",
    id: null,
    last: false,
    problem: { code: "rate_limited", message: "", retry: "later" },
  });
  expect(waitOf(play([...OPEN, ...again, limit, closed(1008)]).effects)).toBe(30_500);
});

test("a server that restarts is stayed away from for as long as it asks", () => {
  const restart = hear({
    kind: "error",
    id: null,
    last: true,
    problem: { code: "server_restarting", message: "", retry: "later", retryAfter: 3 },
  });
  expect(waitOf(play([...OPEN, restart, closed(1012)], 0).effects)).toBe(3000);
});

test("a refused token is replaced by a new one at once, and never tried again", () => {
  const refused = play([...OPEN, closed(4401)]);
  expect(refused.done).toContain("ask_token");
  expect(play([token("t2")], 1, refused.state).effects[0]).toEqual({ do: "open", token: "t2" });
  const same = play([token("t1")], 1, refused.state);
  expect([same.state.phase, same.state.problem?.code]).toEqual(["stopped", "no_token"]);
});

test("a second token in a row that is refused has to wait", () => {
  const { state, effects } = play([...OPEN, closed(4401), token("t2"), closed(4401)]);
  expect([state.phase, waitOf(effects)]).toEqual(["waiting", 500]);
});

test("without a token now, it is asked for again later", () => {
  const { state, effects } = play([{ type: "start" }, { type: "no_token" }]);
  expect([state.phase, waitOf(effects)]).toEqual(["waiting", 500]);
  expect(play([{ type: "retry" }], 1, state).done).toContain("ask_token");
});

test("a token that ends soon is renewed on the same connection", () => {
  const warned = play([...OPEN, expiring]);
  expect(warned.done).toContain("ask_token");
  expect(play([token("t2")], 1, warned.state).effects).toEqual([{ do: "refresh", token: "t2" }]);
});

test("a connection that was closed for good stays closed", () => {
  const { state, effects } = play([...OPEN, closed(4403)]);
  expect(effects.at(-1)).toMatchObject({ do: "stopped", problem: { code: "permission_denied" } });
  expect(step(state, { type: "online" }, 0)).toEqual([state, []]);
  expect(play([...OPEN, closed(1009)]).state.problem?.code).toBe("connection_refused");
});

test("silence is broken by a question, and without an answer the connection is given up", () => {
  const asked = play([...OPEN, ack, { type: "silence" }]);
  expect(asked.effects[0]).toEqual({ do: "refresh", token: "t1" });
  const given = play([{ type: "silence" }], 1, asked.state);
  expect([given.done, given.state.phase]).toEqual([["drop", "down", "timer"], "waiting"]);
  expect(play([ack], 1, asked.state).effects).toEqual([
    { do: "timer", input: "silence", ms: SILENCE },
  ]);
});

test("whatever is sent has to be answered soon", () => {
  const idle = play([...OPEN, ack]).state;
  expect(play([{ type: "sent" }], 1, idle).effects).toEqual([
    { do: "timer", input: "silence", ms: ANSWER },
  ]);
});

test("a socket that never opens is given up", () => {
  const { state, done } = play([...OPEN.slice(0, 2), { type: "silence" }]);
  expect([state.phase, done.includes("drop"), done.includes("down")]).toEqual([
    "waiting",
    true,
    false,
  ]);
});

test("going offline drops the socket, coming online connects at once", () => {
  const offline = play([...OPEN, { type: "offline" }]);
  expect(offline.done.slice(0, 2)).toEqual(["drop", "down"]);
  expect(play([{ type: "online" }], 1, offline.state).done).toContain("open");
});

test("a page that is looked at again asks at once whether it is still connected", () => {
  expect(play([...OPEN, ack, { type: "shown" }]).done).toContain("refresh");
  expect(play([...OPEN, closed(1006), { type: "shown" }]).done).toContain("open");
  expect(play([...OPEN, closed(1008), { type: "shown" }]).effects).toEqual([]);
});

test("an error that answers nothing and says when to come back is heeded by either dialect", () => {
  const project = projects.read(
    JSON.stringify({
      type: "error",
      payload: { code: "UNAVAILABLE", message: "", retry: "later", retry_after: 3 },
    }),
  );
  const essay = essays.read(
    JSON.stringify({ type: "error", error: "rate_limited", message: "", retry_after: 3 }),
  );
  const heeded = [project, essay].filter((each) => each !== null);
  expect(heeded).toHaveLength(2);
  for (const told of heeded) {
    const { effects } = play([...OPEN, hear(told), closed(1013)]);
    expect(waitOf(effects)).toBe(3500);
  }
});
