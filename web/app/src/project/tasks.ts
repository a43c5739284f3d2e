// Tasks as the page shows them, from what REST lists and what is told live. Pure.
import type { TaskResult } from "workroom-client";

export type TaskState = "pending" | "running" | "completed" | "failed" | "cancelled";

/** A task, as REST gives it. */
export interface TaskRow {
  readonly task_id: string;
  readonly task_type: string;
  readonly canvas_id: number;
  readonly state: TaskState;
  /** Null until a worker has begun. */
  readonly progress: number | null;
  readonly message: string;
  readonly attempt: number;
  readonly requested_by: number;
  readonly result: TaskResult | null;
}

export type Tasks = ReadonlyMap<string, TaskRow>;

export const isOver = ({ state }: TaskRow): boolean => state !== "pending" && state !== "running";

/** What REST said, unless more was told since. The newest stands first. */
export function listed(tasks: Tasks, rows: readonly TaskRow[]): Tasks {
  const found = new Map<string, TaskRow>();
  const known = new Set(rows.map(({ task_id }) => task_id));
  for (const [id, task] of tasks) if (!known.has(id)) found.set(id, task);
  for (const row of rows) {
    const here = tasks.get(row.task_id);
    found.set(row.task_id, here && isNewer(here, row) ? here : row);
  }
  return found;
}

function isNewer(here: TaskRow, row: TaskRow): boolean {
  if (isOver(here) || isOver(row)) return isOver(here);
  if (here.attempt !== row.attempt) return here.attempt > row.attempt;
  return (here.progress ?? -1) > (row.progress ?? -1);
}

type Started = Pick<TaskRow, "task_id" | "task_type" | "canvas_id" | "requested_by">;

export function started(tasks: Tasks, task: Started): Tasks {
  if (tasks.has(task.task_id)) return tasks;
  const { task_id, task_type, canvas_id, requested_by } = task;
  const row: TaskRow = {
    task_id,
    task_type,
    canvas_id,
    requested_by,
    state: "pending",
    progress: null,
    message: "",
    attempt: 0,
    result: null,
  };
  return new Map([[task_id, row], ...tasks]);
}

type Progressed = Pick<TaskRow, "task_id" | "message" | "attempt"> & { readonly progress: number };

/** Null when the task is not known: REST has to be asked. */
export function progressed(tasks: Tasks, bar: Progressed): Tasks | null {
  const task = tasks.get(bar.task_id);
  if (!task) return null;
  if (isOver(task)) return tasks;
  const { progress, message, attempt } = bar;
  const row: TaskRow = { ...task, state: "running", progress, message, attempt };
  return new Map(tasks).set(task.task_id, row);
}

interface Ended {
  readonly task_id: string;
  readonly task_type: string;
  readonly result: TaskResult;
}

export function ended(tasks: Tasks, { task_id, task_type, result }: Ended): Tasks {
  const before = started(tasks, {
    task_id,
    task_type,
    canvas_id: result.canvas_id,
    requested_by: 0,
  });
  const task = before.get(task_id);
  if (!task) return tasks;
  return new Map(before).set(task_id, { ...task, state: result.status, result });
}

/** The last task of each type on a canvas. */
export function latest(tasks: Tasks, canvas: number): TaskRow[] {
  const found = new Map<string, TaskRow>();
  for (const task of tasks.values()) {
    if (task.canvas_id === canvas && !found.has(task.task_type)) found.set(task.task_type, task);
  }
  return [...found.values()];
}
