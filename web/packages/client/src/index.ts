// Everything that programs may use.
export { type Change, diff, map, merge } from "./change.js";
export {
  connect,
  Essay,
  type EssayEvents,
  type EssayRequests,
  Project,
  type ProjectEvents,
  type ProjectRequests,
  type RoomEvents,
  type Status,
  Workroom,
} from "./client.js";
export { type ErrorCode, type Problem, type Retry, WorkroomError } from "./errors.js";
export type { Cursor, EssayState, Feedback, SaveState } from "./essay.js";
export type { Options, Socket, SocketClass } from "./link.js";
export type { ProjectState, Task } from "./project.js";
export type * from "./protocol.gen.js";
export type { Rights } from "./room.js";
export type { Selection } from "./text.js";
export { bindTextarea, type Field } from "./textarea.js";
