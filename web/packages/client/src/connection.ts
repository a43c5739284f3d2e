// The life of one connection: `step(state, input)` gives the next state and what is to be done. Pure.
//
//     idle ─start─▶ asking ─token─▶ connecting ─opened─▶ open
//                     ▲ no token │       │ closed          │ closed
//                     │          ▼       ▼                 │
//                     └──────── waiting ◀──────────────────┤
//                                                          └─▶ stopped
import { advice, backoff, LONGEST_WAIT } from "./backoff.js";
import type { Incoming } from "./dialects/dialect.js";
import { type Problem, problem } from "./errors.js";

/** Milliseconds of silence after which a connection is asked whether it still lives. */
export const SILENCE = 30_000;
/** Milliseconds in which something has to come after something was asked. */
export const ANSWER = 10_000;

export interface ConnectionState {
  readonly phase: "idle" | "asking" | "connecting" | "open" | "waiting" | "stopped";
  /** Milliseconds waited since anything useful came, over all connections that ended. */
  readonly away: number;
  /** The token to connect with, and the one that the server did not accept. */
  readonly token: string | null;
  readonly badToken: string | null;
  /** Whether an answer is being waited for. */
  readonly expecting: boolean;
  /** Seconds that the server asked us to stay away. */
  readonly stayAway: number;
  readonly problem: Problem | null;
}

export const NEW: ConnectionState = {
  phase: "idle",
  away: 0,
  token: null,
  badToken: null,
  expecting: false,
  stayAway: 0,
  problem: null,
};

export type ConnectionInput =
  | { readonly type: "start" | "opened" | "sent" | "silence" | "retry" | "online" | "offline" }
  /** The program could not give a token now. */
  | { readonly type: "no_token" }
  /** The page is looked at again, after a while. */
  | { readonly type: "shown" }
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "message"; readonly message: Incoming }
  | { readonly type: "closed"; readonly code: number; readonly reason: string };

export type ConnectionEffect =
  | { readonly do: "ask_token" }
  | { readonly do: "open"; readonly token: string }
  /** Drop the socket; nothing of it is to be heard any more. */
  | { readonly do: "drop" }
  /** Send `refresh_token`: to go on, or to see whether anybody answers. */
  | { readonly do: "refresh"; readonly token: string }
  /** Ask for this input after so many milliseconds, instead of any asked for before. */
  | { readonly do: "timer"; readonly input: "silence" | "retry"; readonly ms: number }
  /** The rooms may join; or their connection has gone; or there will be none. */
  | { readonly do: "up" }
  | { readonly do: "down" }
  | { readonly do: "stopped"; readonly problem: Problem };

type Result = [ConnectionState, ConnectionEffect[]];

/** `random`: a number from 0 to 1, drawn anew for each call. */
export function step(state: ConnectionState, input: ConnectionInput, random: number): Result {
  if (state.phase === "stopped") return [state, []];
  switch (input.type) {
    case "start":
    case "retry": {
      const from = input.type === "start" ? "idle" : "waiting";
      return state.phase === from ? connect(state) : [state, []];
    }
    case "token":
      return token(state, input.token);
    case "no_token":
      return state.phase === "asking" ? wait(state, random) : [state, []];
    case "opened":
      return [{ ...state, phase: "open", expecting: true }, [{ do: "up" }, silence(ANSWER)]];
    case "sent":
      return state.expecting || state.phase !== "open"
        ? [state, []]
        : [{ ...state, expecting: true }, [silence(ANSWER)]];
    case "message":
      return message(state, input.message);
    case "silence":
      return quiet(state, random);
    case "closed":
      return closed(state, input.code, input.reason, random);
    default:
      return hint(state, input.type, random);
  }
}

const silence = (ms: number): ConnectionEffect => ({ do: "timer", input: "silence", ms });

function connect(before: ConnectionState): Result {
  const state = { ...before, stayAway: 0 };
  if (state.token === null) return [{ ...state, phase: "asking" }, [{ do: "ask_token" }]];
  const effects = [{ do: "open", token: state.token } as const, silence(ANSWER)];
  return [{ ...state, phase: "connecting" }, effects];
}

function token(state: ConnectionState, value: string): Result {
  const next = { ...state, token: value };
  if (state.phase === "open") return [next, [{ do: "refresh", token: value }]];
  if (state.phase !== "asking") return [next, []];
  if (value !== state.badToken) return connect(next);
  return stop(state, problem("no_token", "the token was refused"));
}

function message(state: ConnectionState, heard: Incoming): Result {
  if (state.phase !== "open") return [state, []];
  const effects = [silence(SILENCE)];
  if (heard.kind === "event" && heard.type === "token_expiring") effects.push({ do: "ask_token" });
  const news =
    heard.kind === "error"
      ? heard.last && { stayAway: heard.problem.retryAfter ?? 0 }
      : { away: 0, badToken: null };
  return [{ ...state, ...news, expecting: false }, effects];
}

function quiet(state: ConnectionState, random: number): Result {
  return state.phase === "open" && !state.expecting ? probe(state) : lost(state, random);
}

function probe(state: ConnectionState): Result {
  const effects = [{ do: "refresh", token: state.token ?? "" } as const, silence(ANSWER)];
  return [{ ...state, expecting: true }, effects];
}

/** The socket, if there is one, may still believe that it is open, or will be; we do not. */
function lost(state: ConnectionState, random: number): Result {
  if (isNone(state)) return [state, []];
  const [next, effects] = wait(state, random);
  return [next, [{ do: "drop" }, ...down(state), ...effects]];
}

/** Whether there is no socket. */
const isNone = ({ phase }: ConnectionState): boolean => phase !== "open" && phase !== "connecting";

const down = ({ phase }: ConnectionState): ConnectionEffect[] =>
  phase === "open" ? [{ do: "down" }] : [];

function closed(state: ConnectionState, code: number, reason: string, random: number): Result {
  if (isNone(state)) return [state, []];
  const [next, effects] = afterClose(state, code, reason, random);
  return [next, [...down(state), ...effects]];
}

function afterClose(state: ConnectionState, code: number, reason: string, random: number): Result {
  switch (advice(code)) {
    case "renew":
      return renew(state, random);
    case "stop": {
      const why = `closed by the server: ${code} ${reason}`;
      return stop(state, problem(code === 4403 ? "permission_denied" : "connection_refused", why));
    }
    case "pause":
      return wait({ ...state, stayAway: state.stayAway + LONGEST_WAIT / 1000 }, random);
    case "retry":
      return wait(state, random);
  }
}

/** The token was not accepted, or ended. A second one that is refused has to wait its turn. */
function renew(state: ConnectionState, random: number): Result {
  const next = { ...state, token: null, badToken: state.token };
  return state.badToken === null ? connect(next) : wait(next, random);
}

function wait(state: ConnectionState, random: number): Result {
  const ms = 1000 * state.stayAway + backoff(state.away, random);
  const next = { ...state, away: state.away + ms, expecting: false };
  return [{ ...next, phase: "waiting" }, [{ do: "timer", input: "retry", ms }]];
}

function stop(state: ConnectionState, why: Problem): Result {
  return [{ ...state, phase: "stopped", problem: why }, [{ do: "stopped", problem: why }]];
}

/** What the browser says of the network and the page is a hint, never the truth. */
function hint(state: ConnectionState, type: string, random: number): Result {
  const { phase, stayAway } = state;
  if (type === "offline") return lost(state, random);
  if (phase === "open") return probe(state);
  if (phase !== "waiting" || (type === "shown" && stayAway)) return [state, []];
  return connect(type === "online" ? { ...state, away: 0 } : state);
}
