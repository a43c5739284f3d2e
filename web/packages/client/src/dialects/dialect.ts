// What both dialects have in common: messages as the rest of the client knows them.
import type { ErrorCode, Problem, Retry } from "../errors.js";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A message of the server. `room` is null where it names none: then every room may be meant. */
export type Incoming =
  | { readonly kind: "ack"; readonly id: string; readonly seq: number; readonly body: Json }
  | {
      readonly kind: "error";
      readonly id: string | null;
      readonly problem: Problem;
      /** The connection is about to be closed, for as long as `problem` says. */
      readonly last: boolean;
    }
  | {
      readonly kind: "event";
      readonly type: string;
      readonly room: number | null;
      /** The number of a durable event; null for what is not stored. */
      readonly seq: number | null;
      readonly body: Json;
    };

/** One of the two wire formats. */
export interface Dialect {
  /** The path to connect to, for this room. */
  path(room: number): string;
  /** Follow a room from `since` on. */
  join(room: number, since: number, id: string): Json;
  leave(room: number): Json;
  request(room: number, action: string, body: Json, id: string): Json;
  /** Answered like any request, but never remembered: one `request_id` does for all of them. */
  refresh(token: string): Json;
  /** The message in a text frame; null when it is none that this client can know. */
  read(text: string): Incoming | null;
}

export function parsed(text: string): Json | null {
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) ? message : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function numberIn(body: Json, key: string): number | null {
  const value = body[key];
  return typeof value === "number" ? value : null;
}

export function stringIn(body: Json, key: string): string | null {
  const value = body[key];
  return typeof value === "string" ? value : null;
}

/** Everything but errors, which the two dialects tell apart differently. */
export function event(type: string, body: Json, room: number | null): Incoming | null {
  const seq = numberIn(body, "seq");
  const id = stringIn(body, "request_id");
  if (type !== "ack") return { kind: "event", type, room, seq, body };
  return id === null ? null : { kind: "ack", id, seq: seq ?? 0, body };
}

/**
 * An error with the advice that the extended form gives; without any, trying again is useless.
 * One that answers no request and says when to come back is about the connection: a close follows.
 */
export function error(name: string | null, body: Json): Incoming {
  const code = (name ?? "unavailable").toLowerCase();
  const problem: Problem = {
    code: code as ErrorCode,
    message: stringIn(body, "message") ?? code,
    retry: (stringIn(body, "retry") ?? "never") as Retry,
    retryAfter: numberIn(body, "retry_after") ?? undefined,
  };
  const id = stringIn(body, "request_id");
  return { kind: "error", id, problem, last: id === null && problem.retryAfter !== undefined };
}
