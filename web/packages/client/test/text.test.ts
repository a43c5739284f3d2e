import { expect, test } from "vitest";
import * as text from "../src/text.js";

/** Caught up with a text of the server. */
function following(content: string, seq: number): text.TextState {
  return text.caughtUp(text.received(text.NO_TEXT, content, seq), seq, true);
}

const at = (position: number): text.Selection => ({ start: position, end: position });

test("what is typed is saved against the version in the field, and is stored when answered", () => {
  let state = text.edited(following("one", 7), "one two", at(7));
  expect(text.wantsSave(state)).toBe(true);
  state = text.saving(state, "r1");
  expect(state.flight?.sent).toEqual({ text: "one two", seq: 7 });
  expect(text.isStored(state)).toBe(false);
  state = text.stored(state, 8);
  expect(text.isStored(state)).toBe(true);
});

test("the version that is named stays the same while somebody types", () => {
  let state = text.stored(text.saving(text.edited(following("a", 3), "ab", null), "r1"), 4);
  state = text.saving(text.edited(state, "abc", null), "r2");
  expect(state.flight?.sent).toEqual({ text: "abc", seq: 3 });
});

test("others' words appear in the field while typing, and the caret stays with its own", () => {
  const state = text.edited(
    following("The harbour sleeps.", 2),
    "The harbour sleeps. Boats",
    at(25),
  );
  const after = text.received(state, "So: The harbour sleeps.", 3);
  expect(after.field).toBe("So: The harbour sleeps. Boats");
  expect(after.selection).toEqual(at(29));
  expect(after.base?.seq).toBe(3);
});

test("an emoji before the caret counts as two, here as everywhere", () => {
  const state = text.edited(following("x", 1), "x👋", at(3));
  const after = text.received(state, "🎉x", 2);
  expect([after.field, after.selection]).toEqual(["🎉x👋", at(5)]);
});

test("a text that was sent before our save arrived does not take our words out of the field", () => {
  let state = text.saving(text.edited(following("a", 1), "a mine", at(6)), "r1");
  state = text.received(state, "a", 2);
  expect(state.field).toBe("a mine");
  state = text.stored(state, 3);
  expect(state.field).toBe("a mine");
  expect(text.received(state, "theirs a mine", 4).field).toBe("theirs a mine");
});

test("an older text than the one in the field is left alone", () => {
  expect(text.received(following("new", 9), "old", 8).field).toBe("new");
});

test("while an input method composes, the field is not touched; afterwards it is", () => {
  const state = text.composing(following("a", 1), true);
  const waits = text.received(state, "ab", 2);
  expect(waits.field).toBe("a");
  expect(text.composing(waits, false).field).toBe("ab");
});

test("after a break, a save that was stored all the same is not made twice", () => {
  let state = text.saving(text.edited(following("a", 1), "a mine", null), "r1");
  state = text.caughtUp(text.received(text.interrupted(state), "a mine", 2), 2, false);
  expect(state.flight).toMatchObject({ id: "r1", sent: { seq: 2 } });
  state = text.stored(state, 2);
  expect([state.field, text.wantsSave(state)]).toEqual(["a mine", false]);
});

test("after a break, a save that was lost is made again on what the server has now", () => {
  let state = text.stored(text.saving(text.edited(following("a", 1), "a one", null), "r1"), 2);
  state = text.saving(text.edited(state, "a one two", null), "r2");
  state = text.received(text.interrupted(state), "theirs a one", 3);
  state = text.caughtUp(state, 3, false);
  expect(state.flight?.sent).toEqual({ text: "theirs a one two", seq: 3 });
});

test("after such a save nothing is saved before the server has shown what it made of it", () => {
  let state = text.saving(text.edited(following("a", 1), "a one", null), "r1");
  state = text.stored(text.caughtUp(text.interrupted(state), 1, false), 2);
  state = text.edited(state, "a one two", null);
  expect(text.wantsSave(state)).toBe(false);
  state = text.received(state, "a one!", 3);
  expect([state.field, text.wantsSave(state)]).toEqual(["a one! two", true]);
});

test("on a new connection nothing is saved from our own text, which it does not know", () => {
  let state = text.stored(text.saving(text.edited(following("a", 1), "a one", null), "r1"), 2);
  state = text.composing(text.edited(text.interrupted(state), "a one two", null), true);
  state = text.caughtUp(text.received(state, "a one", 2), 2, false);
  expect(text.wantsSave(state)).toBe(false);
  expect(text.saving(text.composing(state, false), "r2").flight?.sent).toEqual({
    text: "a one two",
    seq: 2,
  });
});

test("a server that has lost versions is believed, and what was typed since stays", () => {
  let state = text.stored(text.saving(text.edited(following("a", 50), "a b", null), "r1"), 51);
  state = text.edited(text.interrupted(state), "a b c", null);
  state = text.caughtUp(text.received(state, "a", 20), 20, true);
  expect([state.field, state.base?.seq]).toEqual(["a c", 20]);
});

test("a save that was refused leaves the field as it is", () => {
  const state = text.refused(text.saving(text.edited(following("a", 1), "ab", null), "r1"));
  expect([state.field, text.isStored(state)]).toEqual(["ab", false]);
});

test("a highlight of the server is found in a field with words that are not saved", () => {
  const state = text.edited(following("the end", 1), "this is the end, or not", null);
  expect(text.inField(state, 0, 7)).toEqual({ start: 8, end: 15 });
  expect(text.inField(state, 4, 4)).toEqual({ start: 12, end: 12 });
});
