import { describe, expect, it } from "vitest";

import { mirrored, outline, share } from "../src/project/pictures.js";
import {
  ended,
  latest,
  listed,
  progressed,
  started,
  type TaskRow,
  type Tasks,
} from "../src/project/tasks.js";
import { clock, facts, refusal, size, taskName } from "../src/project/words.js";

const ROW: TaskRow = {
  task_id: "a",
  task_type: "analyze_audio",
  canvas_id: 7,
  state: "pending",
  progress: null,
  message: "",
  attempt: 0,
  requested_by: 2,
  result: null,
};
const NONE: Tasks = new Map();
const done = { canvas_id: 7, status: "completed" } as const;

describe("tasks", () => {
  it("go on from being begun to their end", () => {
    let tasks: Tasks | null = started(NONE, ROW);
    expect(tasks.get("a")?.state).toBe("pending");
    tasks = progressed(tasks, { task_id: "a", progress: 40, message: "Half", attempt: 1 });
    expect(tasks?.get("a")).toMatchObject({ state: "running", progress: 40, message: "Half" });
    tasks = ended(tasks ?? NONE, { task_id: "a", task_type: "analyze_audio", result: done });
    expect(tasks.get("a")).toMatchObject({ state: "completed", result: done });
  });

  it("do not come back to life by what arrives late", () => {
    const over = ended(started(NONE, ROW), { ...ROW, result: done });
    const late = { task_id: "a", progress: 90, message: "", attempt: 1 };
    expect(progressed(over, late)).toBe(over);
    expect(listed(over, [{ ...ROW, state: "running", progress: 90 }]).get("a")?.state).toBe(
      "completed",
    );
    expect(started(over, ROW)).toBe(over);
  });

  it("are asked for where their progress is told before themselves", () => {
    expect(progressed(NONE, { task_id: "a", progress: 1, message: "", attempt: 1 })).toBeNull();
  });

  it("are as far as the later of list and news says", () => {
    const here = progressed(started(NONE, ROW), {
      task_id: "a",
      progress: 60,
      message: "",
      attempt: 1,
    });
    const row: TaskRow = { ...ROW, state: "running", attempt: 1, progress: 30 };
    expect(listed(here ?? NONE, [row]).get("a")?.progress).toBe(60);
    expect(listed(here ?? NONE, [{ ...row, attempt: 2, progress: 0 }]).get("a")?.progress).toBe(0);
  });

  it("stand at their canvas, the last of each type", () => {
    const old: TaskRow = { ...ROW, task_id: "old", state: "failed" };
    const other: TaskRow = { ...ROW, task_id: "other", canvas_id: 8 };
    const tasks = started(listed(NONE, [old, other]), ROW);
    expect(latest(tasks, 7).map(({ task_id }) => task_id)).toEqual(["a"]);
  });
});

describe("words for people", () => {
  it("say why a file was not taken, with the limit that it crossed", () => {
    expect(refusal("too_large", "a file has at most 26214400 bytes")).toContain("25 MB at most");
    expect(refusal("unsupported_file", "x")).toContain("PNG, JPEG, WebP or GIF");
    expect(refusal("conflict", "there is no such task")).toBe("There is no such task.");
  });

  it("say what a canvas is", () => {
    const canvas = { kind: "image", media_type: "image/png", width: 9, height: 8, size: 2048 };
    expect(facts(canvas as never)).toBe("9 × 8, PNG, 2 kB");
    const sound = { kind: "audio", media_type: "audio/mpeg", duration: 65.4, size: 900 };
    expect(facts(sound as never)).toBe("1:05, MP3, 900 bytes");
    expect([size(1_500_000), clock(59.7)]).toEqual(["1.4 MB", "1:00"]);
  });

  it("call types of task that nobody has heard of by their name", () => {
    expect([taskName("count_colours"), taskName("analyze_audio")]).toEqual([
      "Count colours",
      "Sound and mood",
    ]);
  });
});

describe("pictures of results", () => {
  it("draw a recording around its middle, and silence as a thin line", () => {
    expect(outline([-1], [1], 10, 4)).toBe("M5 0L5 4Z");
    expect(mirrored([0], 10, 100)).toBe("M5 49.4L5 50.6Z");
    expect(outline([], [], 10, 4)).toBe("");
  });

  it("keep values between the ends of their scale", () => {
    expect([share(5, 0, 10), share(-1, 0, 10), share(11, 0, 10)]).toEqual([0.5, 0, 1]);
  });
});
