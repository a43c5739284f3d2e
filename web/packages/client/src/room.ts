// What both kinds of rooms have in common: following, catching up, requests. Pure.
import { backoff, FIRST_WAIT } from "./backoff.js";
import { type Dialect, type Incoming, type Json, isObject } from "./dialects/dialect.js";
import { type Problem, problem } from "./errors.js";
import type { EssaySubscribed } from "./protocol.gen.js";

export type Rights = EssaySubscribed["rights"];
export type Subscribed = Pick<EssaySubscribed, "seq" | "recovered" | "rights">;

/** No server has seen this number: whoever names it is given the whole state. */
export const NOTHING = Number.MAX_SAFE_INTEGER;
/** Requests of a room that wait for an answer, or for a connection. */
export const MOST_REQUESTS = 100;

/**
 * `away`: no connection. `joining`: catching up. `live`: every event comes as it happens.
 * `closed`: the room is not to be had any more.
 */
export type Phase = "away" | "joining" | "live" | "closed";

/** Something that the program asked for. */
export interface Request {
  readonly id: string;
  readonly action: string;
  readonly body: Json;
  readonly sent: boolean;
  /** What the room looked like when it was made. */
  readonly note: string | null;
  /** How often it was put off by the server. */
  readonly tries: number;
}

export interface RoomState<Person> {
  readonly phase: Phase;
  readonly room: number;
  /** Of every `request_id`: they belong to a user, so no other client may make up the same. */
  readonly prefix: string;
  readonly count: number;
  /** The `request_id` of the join under way; its `ack` ends the catching up. */
  readonly join: string | null;
  readonly subscribed: Subscribed | null;
  /** The highest durable event that was taken over. */
  readonly seq: number;
  readonly rights: Rights | null;
  readonly requests: readonly Request[];
  /** Who is here, by user id. */
  readonly people: ReadonlyMap<number, Person>;
  /** Who is here, as far as the new connection has said. */
  readonly arriving: ReadonlyMap<number, Person>;
  readonly problem: Problem | null;
}

export type AnyRoom = RoomState<unknown>;

export type RoomInput =
  | { readonly type: "up" }
  | { readonly type: "down" }
  | { readonly type: "message"; readonly message: Incoming; readonly random: number }
  | {
      readonly type: "request";
      readonly id: string;
      readonly action: string;
      readonly body: Json;
    }
  | { readonly type: "timer"; readonly name: string }
  | { readonly type: "close"; readonly problem: Problem };

export type RoomEffect =
  | { readonly do: "send"; readonly message: Json }
  | { readonly do: "answer"; readonly id: string; readonly answer: Json | Problem }
  | { readonly do: "event"; readonly type: string; readonly body: Json }
  /** Ask for a `timer` input of this name (of a request: its id), instead of one asked before. */
  | { readonly do: "timer"; readonly name: string; readonly ms: number }
  | { readonly do: "closed"; readonly problem: Problem };

/** A state that is being changed, and what is to be done. */
export interface Draft<State> {
  state: State;
  readonly effects: RoomEffect[];
}

/** What is different between essays and projects. */
export interface Kind<State extends AnyRoom> {
  readonly dialect: Dialect;
  /** From where to catch up. */
  since(state: State): number;
  /** Take an event over; false when it says nothing new. */
  event(draft: Draft<State>, type: string, body: Json, seq: number | null): boolean;
  /** The server could not tell what was missed: forget what was known. */
  reset(state: State): State;
  caughtUp(state: State): State;
  /** What has to be remembered with a request. */
  note(state: State): string | null;
  /** The body with which a request may be sent now; null: not yet. */
  ready(state: State, request: Request): Json | null;
}

export function newRoom<Person>(room: number, prefix: string): RoomState<Person> {
  return {
    phase: "away",
    room,
    prefix,
    count: 0,
    join: null,
    subscribed: null,
    seq: NOTHING,
    rights: null,
    requests: [],
    people: new Map(),
    arriving: new Map(),
    problem: null,
  };
}

/** Carries out an input on `draft`. */
export function stepRoom<State extends AnyRoom>(
  kind: Kind<State>,
  draft: Draft<State>,
  input: RoomInput,
): void {
  const { phase, problem: why } = draft.state;
  if (phase === "closed") {
    if (input.type === "request" && why) answer(draft, input.id, why);
    return;
  }
  switch (input.type) {
    case "up":
      update(draft, { arriving: new Map() });
      join(kind, draft);
      break;
    case "down": {
      const requests = draft.state.requests.map((each) => ({ ...each, sent: false }));
      update(draft, { phase: "away", join: null, requests });
      break;
    }
    case "message":
      heard(kind, draft, input.message, input.random);
      break;
    case "request":
      ask(kind, draft, input);
      break;
    case "timer":
      if (input.name === "join" && draft.state.phase !== "away") join(kind, draft);
      alter(draft, input.name, { sent: false });
      break;
    case "close":
      closed(draft, input.problem);
  }
  if (draft.state.phase === "live") sendReady(kind, draft);
}

/** Sets some keys of the state: of this kind of room, or of those that every room has. */
export function update<State extends AnyRoom>(
  draft: Draft<State>,
  values: Partial<State> | Partial<AnyRoom>,
): void {
  draft.state = { ...draft.state, ...values };
}

export function without<Key, Value>(all: ReadonlyMap<Key, Value>, key: Key): Map<Key, Value> {
  const rest = new Map(all);
  rest.delete(key);
  return rest;
}

/** A new `request_id`. */
export function newId<State extends AnyRoom>(draft: Draft<State>): string {
  const { prefix, room, count } = draft.state;
  update(draft, { count: count + 1 });
  return `${prefix}.${room}.${count}`;
}

/** Asks for what was missed, or for everything. */
export function join<State extends AnyRoom>(kind: Kind<State>, draft: Draft<State>): void {
  const id = newId(draft);
  update(draft, { phase: "joining", join: id, subscribed: null });
  const message = kind.dialect.join(draft.state.room, kind.since(draft.state), id);
  draft.effects.push({ do: "send", message });
}

function ask<State extends AnyRoom>(
  kind: Kind<State>,
  draft: Draft<State>,
  { id, action, body }: RoomInput & { type: "request" },
): void {
  const { requests } = draft.state;
  if (requests.length >= MOST_REQUESTS) {
    answer(draft, id, problem("queue_full", "too many requests wait", "later"));
    return;
  }
  const request = { id, action, body, sent: false, note: kind.note(draft.state), tries: 0 };
  update(draft, { requests: [...requests, request] });
}

/** What was asked for under this `request_id`, and has no answer. */
function asked<State extends AnyRoom>(draft: Draft<State>, id: string): Request | undefined {
  return draft.state.requests.find((each) => each.id === id);
}

/** Changes some keys of a request, if it is there. */
function alter<State extends AnyRoom>(
  draft: Draft<State>,
  id: string,
  values: Partial<Request>,
): void {
  const request = asked(draft, id);
  if (!request) return;
  const requests = draft.state.requests.map((each) =>
    each === request ? { ...each, ...values } : each,
  );
  update(draft, { requests });
}

/** In order: a request that cannot be sent yet holds up those behind it. */
function sendReady<State extends AnyRoom>(kind: Kind<State>, draft: Draft<State>): void {
  for (const request of draft.state.requests) {
    const body = !request.sent && kind.ready(draft.state, request);
    if (body === null) return;
    if (!body) continue;
    const message = kind.dialect.request(draft.state.room, request.action, body, request.id);
    draft.effects.push({ do: "send", message });
    alter(draft, request.id, { sent: true });
  }
}

function heard<State extends AnyRoom>(
  kind: Kind<State>,
  draft: Draft<State>,
  message: Incoming,
  random: number,
): void {
  const { state } = draft;
  switch (message.kind) {
    case "ack":
      if (message.id === state.join) joined(kind, draft);
      else answered(draft, message.id, message.body);
      return;
    case "error":
      if (message.id !== null) failed(draft, message.id, message.problem, random);
      return;
    case "event":
      if (message.room === null || message.room === state.room) happened(kind, draft, message);
  }
}

function joined<State extends AnyRoom>(kind: Kind<State>, draft: Draft<State>): void {
  const { arriving: people, subscribed, seq } = draft.state;
  draft.state = kind.caughtUp(draft.state);
  update(draft, {
    people,
    phase: "live",
    join: null,
    seq: Math.max(seq, subscribed?.seq ?? 0),
  });
}

function happened<State extends AnyRoom>(
  kind: Kind<State>,
  draft: Draft<State>,
  { type, body, seq }: Incoming & { kind: "event" },
): void {
  if (type === "subscribed") {
    const subscribed = body as unknown as Subscribed;
    if (!subscribed.recovered) draft.state = kind.reset(draft.state);
    update(draft, { subscribed, rights: subscribed.rights });
    return;
  }
  const { phase, subscribed } = draft.state;
  // What comes before `subscribed` is told again behind it.
  if (seq !== null && phase === "joining" && !subscribed) return;
  const news = took(kind, draft, type, body, seq);
  if (seq !== null) {
    update(draft, { seq: Math.max(draft.state.seq, seq) });
  }
  if (news) draft.effects.push({ do: "event", type, body });
  if (type.endsWith("_closed")) closed(draft, problem("closed", "it was deleted"));
  if (type === "rights_changed" && !draft.state.rights) {
    closed(draft, problem("permission_denied", "no right to view it"));
  }
}

function took<State extends AnyRoom>(
  kind: Kind<State>,
  draft: Draft<State>,
  type: string,
  body: Json,
  seq: number | null,
): boolean {
  switch (type) {
    case "user_joined": {
      const person = isObject(body["user"]) ? body["user"] : body;
      const id = (person["id"] ?? person["user_id"]) as number;
      const known = draft.state.people.has(id);
      here(draft, (people) => people.set(id, person));
      return !known;
    }
    case "rights_changed":
      update(draft, { rights: body["rights"] as Rights | null });
      return true;
    case "user_left":
      here(draft, (people) => people.delete(body["user_id"] as number));
  }
  return kind.event(draft, type, body, seq);
}

/** Changes who is here; while catching up that shows only in the end, so that nobody flickers. */
function here<State extends AnyRoom>(
  draft: Draft<State>,
  change: (people: Map<number, unknown>) => void,
): void {
  const arriving = new Map(draft.state.arriving);
  change(arriving);
  const live = draft.state.phase === "live";
  update(draft, { arriving, ...(live && { people: arriving }) });
}

function answer<State extends AnyRoom>(
  draft: Draft<State>,
  id: string,
  value: Json | Problem,
): void {
  draft.effects.push({ do: "answer", id, answer: value });
}

function answered<State extends AnyRoom>(
  draft: Draft<State>,
  id: string,
  value: Json | Problem,
): void {
  const request = asked(draft, id);
  if (!request) return;
  update(draft, { requests: draft.state.requests.filter((each) => each !== request) });
  answer(draft, id, value);
}

function failed<State extends AnyRoom>(
  draft: Draft<State>,
  id: string,
  why: Problem,
  random: number,
): void {
  if (id === draft.state.join) {
    if (why.retry === "never") closed(draft, why);
    else draft.effects.push({ do: "timer", name: "join", ms: putOff(why, 1, random) });
    return;
  }
  const request = asked(draft, id);
  if (!request) return;
  if (why.retry === "never") {
    answered(draft, id, why);
    return;
  }
  // "with_new_token": the connection is closed, and comes back with one.
  if (why.retry === "later") {
    draft.effects.push({ do: "timer", name: id, ms: putOff(why, request.tries, random) });
  }
  alter(draft, id, { tries: request.tries + 1 });
}

/** Milliseconds after which something that was put off is tried again. */
export function putOff(why: Problem, tries: number, random: number): number {
  return 1000 * (why.retryAfter ?? 0.1) + backoff(FIRST_WAIT * 2 ** tries, random);
}

function closed<State extends AnyRoom>(draft: Draft<State>, why: Problem): void {
  for (const { id } of draft.state.requests) {
    answer(draft, id, why);
  }
  update(draft, { phase: "closed", requests: [], problem: why });
  draft.effects.push({ do: "closed", problem: why });
}
