import type {
  ConnectionErrorExtended,
  EssayErrorExtended,
  ProjectErrorExtendedPayload,
} from "./protocol.gen.js";

/** What this client refuses by itself. */
export type LocalCode = "queue_full" | "closed" | "no_token" | "connection_refused";

/** Every reason for which something was not done, the same for both kinds of rooms. */
export type ErrorCode =
  | LocalCode
  | "permission_denied"
  | EssayErrorExtended["error"]
  | ConnectionErrorExtended["error"]
  | Lowercase<ProjectErrorExtendedPayload["code"]>;

export type Retry = EssayErrorExtended["retry"];

/** What went wrong, as data. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  /** Whether the same request can succeed: `later` requests are sent again by the client itself. */
  readonly retry: Retry;
  /** Seconds; undefined when not known. */
  readonly retryAfter?: number | undefined;
}

/** A request that was not carried out. Switch on `code`. */
export class WorkroomError extends Error implements Problem {
  declare readonly code: ErrorCode;
  declare readonly retry: Retry;
  declare readonly retryAfter?: number | undefined;

  constructor(problem: Problem) {
    super();
    this.name = "WorkroomError";
    Object.assign(this, problem);
  }
}

export function problem(code: ErrorCode, message: string, retry: Retry = "never"): Problem {
  return { code, message, retry };
}

/** What was asked of a room, or of a client, that was closed here. */
export const CLOSED = problem("closed", "closed here");
