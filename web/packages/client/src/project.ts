// The room of one project: `step(state, input)` gives the next state and what is to be done. Pure.
import { isObject, type Json } from "./dialects/dialect.js";
import { projects } from "./dialects/projects.js";
import type {
  MemberJoined,
  ProjectChanges,
  TaskProgressExtendedPayload,
  TaskStartedPayload,
} from "./protocol.gen.js";
import {
  type Draft,
  type Kind,
  newRoom,
  type RoomEffect,
  type RoomInput,
  type RoomState,
  stepRoom,
  update,
  without,
} from "./room.js";

export interface ProjectState extends RoomState<MemberJoined> {
  /** Title, description, status and metadata, as far as they are known. */
  readonly fields: ProjectChanges;
  /** What was told of each task that waits or runs, by its id. */
  readonly tasks: ReadonlyMap<string, Task>;
}

/** A task that was started, and its last progress, as far as they were told. */
export type Task = Pick<TaskStartedPayload, "task_id"> &
  Partial<TaskStartedPayload & TaskProgressExtendedPayload>;

export function newProject(room: number, prefix: string): ProjectState {
  return { ...newRoom<MemberJoined>(room, prefix), fields: {}, tasks: new Map() };
}

const project: Kind<ProjectState> = {
  dialect: projects,
  since: ({ seq }) => seq,
  event,
  reset: (state) => ({ ...state, fields: {}, tasks: new Map(), seq: 0 }),
  caughtUp: (state) => state,
  note: () => null,
  ready: (_state, { body }) => body,
};

export function step(state: ProjectState, input: RoomInput): [ProjectState, RoomEffect[]] {
  const draft: Draft<ProjectState> = { state, effects: [] };
  stepRoom(project, draft, input);
  return [draft.state, draft.effects];
}

/** No event comes twice: what was missed is told behind `subscribed`, and exactly that. */
function event(draft: Draft<ProjectState>, type: string, body: Json): boolean {
  const { fields, tasks } = draft.state;
  if (type === "project_updated") {
    // Fields replace each other; `metadata`, the only object, is merged.
    update(draft, { fields: mergePatch(fields, body["changes"]) as ProjectChanges });
  }
  const task = body as unknown as Task;
  const { task_id: id } = task;
  if (type === "task_started" || type === "task_progress") {
    update(draft, { tasks: new Map(tasks).set(id, { ...tasks.get(id), ...task }) });
  } else if (type === "task_completed") {
    update(draft, { tasks: without(tasks, id) });
  }
  return true;
}

/** JSON Merge Patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else if (key !== "__proto__") result[key] = mergePatch(result[key], value);
  }
  return result;
}
