import { expect, test } from "vitest";
import { essays } from "../src/dialects/essays.js";
import { projects } from "../src/dialects/projects.js";
import type { Dialect } from "../src/dialects/dialect.js";
import { CLOSED, problem } from "../src/errors.js";
import { type EssayInput, newEssay, saveState, step as stepEssay } from "../src/essay.js";
import { mergePatch, newProject, step as stepProject } from "../src/project.js";
import { MOST_REQUESTS, NOTHING, type RoomEffect } from "../src/room.js";

type Json = Record<string, unknown>;

/** A room, and everything that it wanted done. */
class Play<State, Input> {
  done: RoomEffect[] = [];

  constructor(
    public state: State,
    private readonly step: (state: State, input: Input) => [State, RoomEffect[]],
    private readonly dialect: Dialect,
  ) {}

  put(...inputs: Input[]): this {
    for (const input of inputs) {
      const [state, effects] = this.step(this.state, input);
      this.state = state;
      this.done.push(...effects);
    }
    return this;
  }

  hear(...messages: Json[]): this {
    for (const each of messages) {
      const message = this.dialect.read(JSON.stringify(each));
      if (!message) throw new Error(`not a message: ${JSON.stringify(each)}`);
      this.put({ type: "message", message, random: 1 } as Input);
    }
    return this;
  }

  /** What was sent since it was last asked. */
  sent(): Json[] {
    const sent = this.done.flatMap((each) => (each.do === "send" ? [each.message] : []));
    this.done = [];
    return sent;
  }

  events(): string[] {
    return this.done.flatMap((each) => (each.do === "event" ? [each.type] : []));
  }
}

const essay = () =>
  new Play<ReturnType<typeof newEssay>, EssayInput>(newEssay(1, "p"), stepEssay, essays);
const project = () => new Play(newProject(9, "p"), stepProject, projects);

const jane = { id: 2, name: "Jane", role: "coach" };
const update = (content: string, seq: number): Json => ({
  type: "essay_update",
  essay_id: 1,
  content,
  word_count: 1,
  updated_by: jane,
  timestamp: "2024-01-15T15:30:00Z",
  seq,
});
const subscribed = (seq: number, recovered = true, rights = "edit"): Json => ({
  type: "subscribed",
  essay_id: 1,
  seq,
  recovered,
  rights,
});
const ack = (id: string, seq: number): Json => ({ type: "ack", request_id: id, essay_id: 1, seq });
const refusal = (id: string, error: string, more: Json = {}): Json => ({
  type: "error",
  error,
  message: "no",
  request_id: id,
  retry: "never",
  ...more,
});
const joinId = (play: { state: { join: string | null } }): string => play.state.join ?? "";
const feedback = (id: number, seq: number, comment = "good"): Json => ({
  type: "new_feedback",
  essay_id: 1,
  feedback: { id, type: "general", comment, highlight_start: null, highlight_end: null },
  seq,
});

/** An essay that is followed, at `text`. */
function following(text = "one", seq = 5) {
  const play = essay().put({ type: "up" });
  play.hear(subscribed(seq, false), update(text, seq), ack(joinId(play), seq));
  play.done = [];
  return play;
}

function edit(play: ReturnType<typeof essay>, text: string) {
  play.put({ type: "edit", text, selection: { start: text.length, end: text.length } });
  return play.put({ type: "timer", name: "save" });
}

test("who comes for the first time is given the whole essay", () => {
  const play = essay().put({ type: "up" });
  const join = { action: "subscribe_essay", essay_id: 1, since: NOTHING, request_id: "p.1.0" };
  expect(play.sent()).toEqual([join]);
  play.hear(subscribed(5, false), update("one", 5), feedback(3, 5), ack("p.1.0", 5));
  expect(play.state).toMatchObject({ phase: "live", rights: "edit", seq: 5 });
  expect([play.state.text.field, [...play.state.feedback.keys()]]).toEqual(["one", [3]]);
});

test("who comes back asks from the text that is in the field, as later texts may be held back", () => {
  const play = following("one", 5).hear(feedback(8, 8));
  play.put({ type: "down" }, { type: "up" });
  expect(play.sent()[0]).toMatchObject({ since: 5 });
});

test("durable events before `subscribed` are left alone: they come again behind it", () => {
  const play = following("one", 5).put({ type: "down" }, { type: "up" });
  play.hear(feedback(6, 6));
  expect([play.events(), play.state.feedback.size]).toEqual([[], 0]);
  play.hear(subscribed(6), feedback(6, 6));
  expect([play.events(), play.state.feedback.size]).toEqual([["new_feedback"], 1]);
});

test("feedback that is told again is no news", () => {
  const play = following().hear(feedback(6, 6)).put({ type: "down" }, { type: "up" });
  play.done = [];
  play.hear(subscribed(6), feedback(6, 6), ack(joinId(play), 6));
  expect(play.events()).toEqual([]);
});

test("when the server cannot say what was missed, what it does not name is gone", () => {
  const play = following()
    .hear(feedback(6, 6), feedback(7, 7))
    .put({ type: "down" }, { type: "up" });
  play.hear(subscribed(9, false), update("new", 9), feedback(7, 9), ack(joinId(play), 9));
  expect([...play.state.feedback.keys()]).toEqual([7]);
  expect(play.state.text.field).toBe("new");
});

test("nobody flickers while a connection comes back, and who left meanwhile is gone after it", () => {
  const here = (id: number): Json => ({
    type: "user_joined",
    essay_id: 1,
    user: { ...jane, id, avatar_url: "" },
    timestamp: "",
  });
  const play = following().hear(here(1), here(2)).put({ type: "down" }, { type: "up" });
  play.hear(here(1), subscribed(5), here(1));
  expect([...play.state.people.keys()]).toEqual([1, 2]);
  play.hear(ack(joinId(play), 5));
  expect([...play.state.people.keys()]).toEqual([1]);
});

test("the state of a save tells the truth on two levels", () => {
  const play = following();
  const states = [saveState(play.state)];
  play.put({ type: "edit", text: "one two", selection: null });
  states.push(saveState(play.state));
  play.put({ type: "timer", name: "save" });
  states.push(saveState(play.state));
  play.put({ type: "down" });
  states.push(saveState(play.state));
  play.put({ type: "up" }).hear(subscribed(5), ack(joinId(play), 5), ack("p.1.1", 6));
  states.push(saveState(play.state));
  expect(states).toEqual(["stored", "unsaved", "sent", "unsaved", "stored"]);
});

test("of a room that the server closed, nobody is told that the text is stored", () => {
  const deleted = { type: "essay_closed", essay_id: 1 };
  const hidden = { type: "rights_changed", essay_id: 1, rights: null };
  const ended = [following().hear(deleted), following().hear(hidden)];
  expect(ended.map(({ state }) => saveState(state))).toEqual(["unsaved", "unsaved"]);
  const left = following().put({ type: "close", problem: CLOSED });
  expect(saveState(left.state)).toBe("stored");
});

test("who is given up for want of a token is told what is stored, and what is not", () => {
  const why = problem("no_token", "the token was refused");
  const all = following().put({ type: "close", problem: why });
  expect(saveState(all.state)).toBe("stored");
  const typed = following().put({ type: "edit", text: "one two", selection: null });
  expect(saveState(typed.put({ type: "close", problem: why }).state)).toBe("unsaved");
  const sent = edit(following(), "one two").put({ type: "down" });
  expect(saveState(sent.put({ type: "close", problem: why }).state)).toBe("unsaved");
});

test("a save carries its base, the caret and the selection", () => {
  const play = following();
  play.put({ type: "edit", text: "one two", selection: { start: 4, end: 7 } });
  play.put({ type: "timer", name: "save" });
  expect(play.sent()).toEqual([
    {
      action: "update_essay",
      essay_id: 1,
      content: "one two",
      base_seq: 5,
      cursor_position: 4,
      selection_end: 7,
      request_id: "p.1.1",
    },
  ]);
});

test("one save is under way at a time, and what was typed meanwhile follows it", () => {
  const play = edit(edit(following(), "one two"), "one two three");
  expect(play.sent().map((each) => each["content"])).toEqual(["one two"]);
  play.hear(ack("p.1.1", 6)).put({ type: "timer", name: "save" });
  expect(play.sent().map((each) => each["content"])).toEqual(["one two three"]);
});

test("a save that was put off is made again with the same number", () => {
  const play = edit(following(), "one two");
  const busy = { retry: "later", retry_after: 2 };
  play.sent();
  play.hear(refusal("p.1.1", "rate_limited", busy));
  expect(play.done).toContainEqual({ do: "timer", name: "again", ms: 2500 });
  play.put({ type: "timer", name: "again" });
  expect(play.sent()).toMatchObject([{ request_id: "p.1.1", content: "one two" }]);
});

test("a text that is refused is not sent again until it is another one", () => {
  const play = edit(following(), "far too long");
  play.hear(refusal("p.1.1", "too_large")).sent();
  expect([saveState(play.state), play.state.refused?.problem.code]).toEqual([
    "refused",
    "too_large",
  ]);
  play.put({ type: "timer", name: "save" });
  expect(play.sent()).toEqual([]);
  edit(play, "short");
  expect(play.sent()).toMatchObject([{ content: "short" }]);
});

/** A save was sent again, with its words twice, because its answer was lost; that was too large. */
function grown() {
  const play = edit(following(), "one two").put({ type: "down" }, { type: "up" });
  play.hear(subscribed(6), update("one two", 6), ack(joinId(play), 6)).sent();
  return play.hear(refusal("p.1.1", "too_large"));
}

test("of a save that is too large when it is sent again, it is asked whether it was stored", () => {
  const play = grown();
  expect(play.sent()).toMatchObject([{ request_id: "p.1.1", content: "", base_seq: NOTHING }]);
  expect(saveState(play.state)).toBe("sent");
  play.hear(ack("p.1.1", 6));
  expect([play.state.text.field, saveState(play.state), play.sent()]).toEqual([
    "one two",
    "stored",
    [],
  ]);
  edit(play, "one two three");
  expect(play.sent()).toMatchObject([{ content: "one two three", base_seq: 6 }]);
});

test("what had not been stored is refused as too large, and was not asked for in vain twice", () => {
  const play = edit(following(), "one two").put({ type: "down" }, { type: "up" });
  play.hear(subscribed(6), update("one 1", 6), ack(joinId(play), 6));
  play.hear(refusal("p.1.1", "too_large")).sent();
  play.hear(refusal("p.1.1", "conflict"));
  expect(play.sent()).toEqual([]);
  expect([play.state.text.field, saveState(play.state)]).toEqual(["one 1 two", "unsaved"]);
  expect(play.state.refused?.problem.code).toBe("too_large");
});

test("a question for a save that was put off is asked again, and after another break too", () => {
  const play = grown();
  play.sent();
  play.hear(refusal("p.1.1", "rate_limited", { retry: "later" }));
  play.put({ type: "timer", name: "again" });
  expect(play.sent()).toMatchObject([{ content: "", base_seq: NOTHING }]);
  play.put({ type: "down" }, { type: "up" });
  play.hear(subscribed(6), update("one two", 6), ack(joinId(play), 6));
  play.hear(refusal("p.1.1", "too_large"));
  expect(play.sent().at(-1)).toMatchObject({ content: "", base_seq: NOTHING });
});

test("of a save that was asked about before a break, the answer after it counts", () => {
  const play = grown().put({ type: "down" }, { type: "up" });
  play.hear(subscribed(6), update("one two", 6), ack(joinId(play), 6));
  play.hear(refusal("p.1.1", "permission_denied"));
  expect(play.state.refused?.problem.code).toBe("permission_denied");
});

test("a text that was refused for want of a right is saved when the right is given", () => {
  const play = edit(following(), "one two");
  play.hear(refusal("p.1.1", "permission_denied")).sent();
  play.hear({ type: "rights_changed", essay_id: 1, rights: "owner" });
  play.put({ type: "timer", name: "save" });
  expect(play.sent()).toMatchObject([{ content: "one two" }]);
});

test("a save from a version that the server does not have is made again on the newest", () => {
  const play = edit(following(), "one two");
  play.hear(refusal("p.1.1", "conflict")).put({ type: "timer", name: "join" });
  expect(play.sent().at(-1)).toMatchObject({ action: "subscribe_essay", since: 5 });
  play.hear(subscribed(3, false), update("0 one", 3), ack(joinId(play), 3));
  expect(play.sent()).toMatchObject([{ request_id: "p.1.1", base_seq: 3, content: "0 one two" }]);
});

test("what a save that was made again came to is asked for at once", () => {
  const play = edit(following(), "one two").put({ type: "down" }, { type: "up" });
  play.hear(subscribed(5), ack(joinId(play), 5)).sent();
  play.hear(ack("p.1.1", 6));
  expect(play.sent()).toMatchObject([{ action: "subscribe_essay", since: 5 }]);
  play.hear(subscribed(6), update("one two", 6), ack(joinId(play), 6));
  expect([play.state.phase, saveState(play.state), play.sent()]).toEqual(["live", "stored", []]);
});

test("a comment waits for the text that it is about, and moves with its words", () => {
  const play = following("one two");
  play.put({ type: "edit", text: "zero one two", selection: null });
  play.put({
    type: "request",
    id: "r",
    action: "add_feedback",
    body: { feedback: { type: "style", comment: "c", highlight_start: 5, highlight_end: 8 } },
  });
  expect(play.sent()).toEqual([]);
  play.put({ type: "timer", name: "save" }).hear(ack("p.1.1", 6));
  expect(play.sent().at(-1)).toMatchObject({ feedback: { highlight_start: 5, highlight_end: 8 } });
  play.put({ type: "down" }, { type: "up" });
  play.hear(subscribed(7), update("a zero one two", 7), ack(joinId(play), 7));
  expect(play.sent().at(-1)).toMatchObject({ feedback: { highlight_start: 7, highlight_end: 10 } });
});

test("carets of others move with the text", () => {
  const play = following("one two");
  play.hear({
    type: "cursor_moved",
    essay_id: 1,
    user_id: 2,
    cursor_position: 4,
    selection_end: 7,
  });
  play.hear(update("zero one two", 6));
  expect(play.state.cursors.get(2)).toEqual({ position: 9, end: 12 });
});

test("who left neither types nor has a caret", () => {
  const play = following();
  play.hear({ type: "typing_start", essay_id: 1, user: jane, timestamp: "" });
  play.hear({ type: "cursor_moved", essay_id: 1, user_id: 2, cursor_position: 1 });
  expect([play.state.typing.size, play.state.cursors.size]).toEqual([1, 1]);
  play.hear({ type: "user_left", essay_id: 1, user_id: 2, timestamp: "" });
  expect([play.state.typing.size, play.state.cursors.size]).toEqual([0, 0]);
});

test("an essay that was deleted, or may no longer be seen, answers what was asked", () => {
  const deleted = { type: "essay_closed", essay_id: 1 };
  const hidden = { type: "rights_changed", essay_id: 1, rights: null };
  for (const [message, code] of [
    [deleted, "closed"],
    [hidden, "permission_denied"],
  ] as const) {
    const play = following();
    play.put({ type: "request", id: "r", action: "typing_stop", body: {} }).hear(message);
    expect(play.state).toMatchObject({ phase: "closed", problem: { code } });
    expect(play.done).toContainEqual(expect.objectContaining({ do: "answer", id: "r" }));
    expect(play.put({ type: "up" }).sent().length).toBe(1);
  }
});

test("a timer that concerns nothing leaves everything as it is", () => {
  const rooms = [following(), project().put({ type: "up" })];
  for (const play of rooms) {
    const before = play.state;
    (play as Play<unknown, { type: string; name: string }>).put({ type: "timer", name: "save" });
    expect(play.state).toBe(before);
  }
});

test("requests wait for a connection, and are made again after a break with the same number", () => {
  const play = project();
  const data = { data: { title: "A" } };
  play.put({ type: "request", id: "r1", action: "update_project", body: data });
  expect(play.sent()).toEqual([]);
  play.put({ type: "up" });
  const joined = (seq: number, recovered: boolean): Json => ({
    type: "subscribed",
    payload: { project_id: 9, seq, recovered, rights: "edit" },
  });
  const answer = (): Json => ({ type: "ack", payload: { request_id: joinId(play), seq: 4 } });
  play.hear(joined(4, false), answer());
  const message = {
    type: "update_project",
    payload: { project_id: 9, data: { title: "A" } },
    request_id: "r1",
  };
  expect(play.sent().at(-1)).toEqual(message);
  play.put({ type: "down" }, { type: "up" }).hear(joined(4, true), answer());
  expect(play.sent()).toEqual([
    { type: "join_project", payload: { project_id: 9, since: 4 }, request_id: "p.9.1" },
    message,
  ]);
  play.hear({ type: "ack", payload: { request_id: "r1", project_id: 9, seq: 5 } });
  expect(play.state.requests).toEqual([]);
});

test("a queue has an end", () => {
  const play = project();
  for (let n = 0; n <= MOST_REQUESTS; n++) {
    play.put({ type: "request", id: `r${n}`, action: "update_project", body: {} });
  }
  expect(play.state.requests.length).toBe(MOST_REQUESTS);
  expect(play.done).toMatchObject([
    { do: "answer", id: `r${MOST_REQUESTS}`, answer: { code: "queue_full" } },
  ]);
});

test("fields of a project merge, its metadata key by key", () => {
  const play = project().put({ type: "up" });
  const updated = (changes: Json, seq: number): Json => ({
    type: "project_updated",
    payload: { project_id: 9, changes, updated_by: "1", seq },
  });
  play.hear({
    type: "subscribed",
    payload: { project_id: 9, seq: 4, recovered: false, rights: "edit" },
  });
  play.hear(updated({ title: "A", metadata: { a: { b: 1 }, c: 2 } }, 4));
  play.hear(updated({ metadata: { a: { d: 3 }, c: null } }, 5));
  expect(play.state.fields).toEqual({ title: "A", metadata: { a: { b: 1, d: 3 } } });
  expect(play.state.seq).toBe(5);
  expect(mergePatch({}, JSON.parse('{"__proto__": {"evil": 1}}'))).toEqual({});
});

test("tasks show their last progress until they end", () => {
  const play = project().put({ type: "up" });
  play.hear({ type: "task_started", payload: { project_id: 9, task_id: "t", canvas_id: 1 } });
  play.hear({ type: "task_progress", payload: { task_id: "t", progress: 75, message: "…" } });
  expect(play.state.tasks.get("t")).toMatchObject({ canvas_id: 1, progress: 75 });
  play.hear({
    type: "task_completed",
    payload: { task_id: "t", task_type: "a", result: { canvas_id: 1, status: "completed" } },
  });
  expect(play.state.tasks.size).toBe(0);
  expect(play.events()).toEqual(["task_started", "task_progress", "task_completed"]);
});

test("messages that this client does not know are passed on, and change nothing", () => {
  const play = following();
  const before = play.state;
  play.hear({ type: "something_new", essay_id: 1, wonder: true });
  expect([play.events(), play.state]).toEqual([["something_new"], before]);
});
