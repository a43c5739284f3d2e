// The same cases as the server's tests read: see vectors/wire/README.md.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Dialect, Json } from "../src/dialects/dialect.js";
import { isObject } from "../src/dialects/dialect.js";
import { essays } from "../src/dialects/essays.js";
import { projects } from "../src/dialects/projects.js";

interface Case {
  readonly name: string;
  readonly dialect: "essay" | "project";
  readonly direction?: "client" | "server";
  readonly form?: "plain" | "extended";
  readonly message?: Json;
  readonly text?: string;
}

const DIALECTS: Record<Case["dialect"], Dialect> = { essay: essays, project: projects };
const ERRORS = ["error", "permission_denied", "connection_error"];

function vectors<Item = Case>(name: string): Item[] {
  const file = new URL(`../../../../vectors/wire/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf-8")) as Item[];
}

const messages = [...vectors("documented"), ...vectors("extended")];
const fromServer = [
  ...messages.filter(({ direction }) => direction === "server"),
  ...vectors("errors"),
];
const fromClients = messages.filter(({ direction }) => direction === "client");

function read({ dialect, message }: Case) {
  return DIALECTS[dialect].read(JSON.stringify(message));
}

/** What the keys of a message are found in, whatever the dialect. */
function bodyOf({ dialect, message = {} }: Case): Json {
  const payload = message["payload"];
  return dialect === "project" && isObject(payload) ? payload : message;
}

describe("what the server sends is read", () => {
  test.each(fromServer.map((each) => [`${each.dialect}: ${each.name}`, each] as const))(
    "%s",
    (_name, each) => {
      const type = each.message?.["type"] as string;
      const body = bodyOf(each);
      const found = read(each);
      if (ERRORS.includes(type)) {
        const code = type === "permission_denied" ? type : (body["code"] ?? body["error"]);
        expect(found).toMatchObject({
          kind: "error",
          id: body["request_id"] ?? null,
          problem: {
            code: String(code).toLowerCase(),
            message: body["message"],
            retry: body["retry"] ?? "never",
            retryAfter: body["retry_after"],
          },
        });
      } else if (type === "ack") {
        expect(found).toEqual({ kind: "ack", id: body["request_id"], seq: body["seq"] ?? 0, body });
      } else {
        const room = body["essay_id"] ?? body["project_id"] ?? null;
        expect(found).toEqual({ kind: "event", type, room, seq: body["seq"] ?? null, body });
      }
    },
  );
});

function without(message: Json, ...keys: string[]): Json {
  return Object.fromEntries(Object.entries(message).filter(([key]) => !keys.includes(key)));
}

/** A message as this client would have written it. */
function written(each: Case): Json {
  const body = bodyOf(each);
  const dialect = DIALECTS[each.dialect];
  const action = (each.message?.["action"] ?? each.message?.["type"]) as string;
  const room = (body["essay_id"] ?? body["project_id"] ?? 0) as number;
  if (action.startsWith("refresh")) return dialect.refresh(body["token"] as string);
  if (/^(subscribe|join)_/.test(action)) return dialect.join(room, 0, "r");
  if (/^(unsubscribe|leave)_/.test(action)) return dialect.leave(room);
  const rest = without(body, "action", "type", "essay_id", "project_id", "request_id");
  return dialect.request(room, action, rest, "r");
}

describe("what this client sends is what the vectors show", () => {
  test.each(fromClients.map((each) => [`${each.dialect}: ${each.name}`, each] as const))(
    "%s",
    (_name, each) => {
      const ours = { ...each, message: written(each) };
      const extra = ["request_id", "since"];
      expect(without(bodyOf(ours), ...extra)).toEqual(without(bodyOf(each), ...extra));
      expect(without(ours.message, ...extra, "payload")).toEqual(
        without(each.message ?? {}, ...extra, "payload"),
      );
    },
  );
});

test("whatever comes over a socket, reading it raises nothing", () => {
  const odd = ["malformed_essay", "malformed_project", "accepted"].flatMap((name) => vectors(name));
  expect(odd.length).toBeGreaterThan(100);
  for (const { text = "", dialect } of odd) {
    for (const each of Object.values(DIALECTS)) expect(() => each.read(text)).not.toThrow();
    expect(DIALECTS[dialect].read("[]")).toBeNull();
  }
});

test("the addresses are those that the server knows", () => {
  const paths = vectors<{ path: string; dialect: string | null; room: string | null }>("paths");
  const essay = paths.find(({ room }) => room === "essay:9007199254740991");
  expect(essay?.path).toBe(essays.path(Number.MAX_SAFE_INTEGER));
  expect(paths.filter(({ dialect }) => dialect === "project").map(({ path }) => path)).toContain(
    projects.path(1),
  );
});
