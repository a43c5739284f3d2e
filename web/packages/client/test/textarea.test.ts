import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bindTextarea, connect, type Essay, type Field } from "../src/index.js";
import { Network } from "./simulation/network.js";
import { Server } from "./simulation/server.js";
import { seeded } from "./random.js";

/** What a browser's `<textarea>` does, as far as it matters here. */
class Textarea extends EventTarget implements Pick<Field, Exclude<keyof Field, keyof EventTarget>> {
  value = "";
  selectionStart = 0;
  selectionEnd = 0;
  readOnly = false;

  setRangeText(text: string, start = 0, end = 0): void {
    this.value = this.value.slice(0, start) + text + this.value.slice(end);
    const kept = (at: number): number =>
      at > end ? at + text.length - (end - start) : Math.min(at, Math.max(start, at));
    [this.selectionStart, this.selectionEnd] = [kept(this.selectionStart), kept(this.selectionEnd)];
  }

  type(text: string): void {
    const at = this.selectionStart;
    this.value = this.value.slice(0, at) + text + this.value.slice(at);
    this.selectionStart = this.selectionEnd = at + text.length;
    this.dispatchEvent(new Event("input"));
  }
}

let network: Network;

beforeEach(() => {
  vi.useFakeTimers();
  const random = seeded(1);
  network = new Network(new Server(() => Date.now(), 100), random, 5);
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(ms: number): void {
  for (let at = 0; at < ms; at += 50) {
    vi.advanceTimersByTime(50);
    network.server.tick();
  }
}

function open(user: number): { essay: Essay; field: Textarea; end: () => void } {
  const WebSocket = network.socketsOf(user);
  const essay = connect({ url: "http://workroom.example", token: "t", WebSocket }).essay(1);
  const field = new Textarea();
  return { essay, field, end: bindTextarea(essay, field) };
}

test("two fields become the same, and the caret stays with its words", () => {
  const [one, two] = [open(1), open(2)];
  pass(100);
  one.field.type("The harbour sleeps.");
  pass(3000);
  expect(two.field.value).toBe("The harbour sleeps.");
  two.field.selectionStart = two.field.selectionEnd = 11;
  one.field.selectionStart = one.field.selectionEnd = 0;
  one.field.type("At night: ");
  two.field.type(" never");
  pass(5000);
  expect(one.field.value).toBe("At night: The harbour never sleeps.");
  expect(two.field.value).toBe(one.field.value);
  expect([one.field.selectionStart, two.field.selectionStart]).toEqual([10, 27]);
});

test("nobody can type before the text is there, nor without the right to", () => {
  const { essay, field } = open(1);
  expect(field.readOnly).toBe(true);
  pass(100);
  expect(field.readOnly).toBe(false);
  network.server.tell({ type: "rights_changed", essay_id: 1, rights: "comment" });
  pass(100);
  expect([field.readOnly, essay.state.rights]).toEqual([true, "comment"]);
});

test("what an input method composes is left alone until it is done", () => {
  const [one, two] = [open(1), open(2)];
  pass(100);
  one.field.dispatchEvent(new Event("compositionstart"));
  one.field.type("に");
  two.field.type("x");
  pass(3000);
  expect(one.field.value).toBe("に");
  one.field.dispatchEvent(new Event("compositionend"));
  pass(3000);
  expect(Array.from(one.field.value).sort()).toEqual(["x", "に"]);
  expect(two.field.value).toBe(one.field.value);
});

test("a field that was let go no longer changes anything", () => {
  const { essay, field, end } = open(1);
  pass(100);
  end();
  field.type("x");
  expect(essay.text).toBe("");
});

test("a field that was let go is read-only or not as it was before", () => {
  const { field, end } = open(1);
  end();
  expect(field.readOnly).toBe(false);
  const { essay } = open(2);
  const locked = new Textarea();
  locked.readOnly = true;
  const unbind = bindTextarea(essay, locked);
  pass(100);
  expect(locked.readOnly).toBe(false);
  unbind();
  expect(locked.readOnly).toBe(true);
});

test("a field that goes while a word is composed holds nothing of the others back", () => {
  const [one, two] = [open(1), open(2)];
  pass(100);
  one.field.dispatchEvent(new Event("compositionstart"));
  one.end();
  const again = new Textarea();
  bindTextarea(one.essay, again);
  two.field.type("The harbour sleeps.");
  pass(3000);
  expect(again.value).toBe("The harbour sleeps.");
});
