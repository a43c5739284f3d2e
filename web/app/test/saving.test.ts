import { describe, expect, it } from "vitest";

import { Saving } from "../src/essay/saving.js";

describe("what was typed", () => {
  it("is stored once the server has told the text that it made", () => {
    const saving = new Saving();
    saving.stored("a");
    saving.edited("ab");
    expect(saving.pending).toBe(true);
    saving.stored("ab");
    expect(saving.pending).toBe(false);
  });

  it("is not stored because an older text is told", () => {
    const saving = new Saving();
    saving.edited("ab");
    saving.edited("abc");
    saving.stored("ab");
    expect(saving.pending).toBe(true);
  });

  it("is stored when the server tells it together with what others wrote", () => {
    const saving = new Saving();
    saving.edited("ab");
    saving.merged("xab");
    saving.merged("xyab");
    saving.stored("xab");
    expect(saving.pending).toBe(false);
  });

  it("is stored when the text of others arrives here after the server told of it", () => {
    const saving = new Saving();
    saving.edited("ab");
    saving.stored("xab");
    expect(saving.pending).toBe(true);
    saving.merged("xab");
    expect(saving.pending).toBe(false);
  });

  it("is not stored because it was taken back: the server may have got it all the same", () => {
    const saving = new Saving();
    saving.stored("a");
    saving.edited("ab");
    saving.edited("a");
    expect(saving.pending).toBe(true);
    saving.stored("a");
    expect(saving.pending).toBe(false);
  });

  it("is never stored by what others write alone", () => {
    const saving = new Saving();
    saving.edited("ab");
    for (let i = 0; i < 200; i++) saving.merged(`ab${i}`);
    saving.stored("a");
    expect(saving.pending).toBe(true);
    saving.stored("ab199");
    expect(saving.pending).toBe(false);
  });
});
