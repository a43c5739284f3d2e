// Requests to Workroom's REST interface, with the tokens of whoever is signed in.
import { lifetime, store, stored, type Tokens } from "./tokens.js";

/** An answer that is none: `code` is one of the documented ones, or `offline`. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

async function exchange<T>(
  path: string,
  method: string,
  body: unknown,
  token?: string,
): Promise<T> {
  const headers = new Headers(token ? { authorization: `Bearer ${token}` } : {});
  if (body !== undefined) headers.set("content-type", "application/json");
  const sent = body === undefined ? null : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: sent });
  } catch {
    throw new Refused(0, "offline", "Workroom cannot be reached. Is the network there?");
  }
  const text = await response.text();
  const value =
    text && (response.headers.get("content-type") ?? "").includes("json")
      ? (JSON.parse(text) as unknown)
      : null;
  if (response.ok) return value as T;
  const { code = "unavailable", detail = response.statusText } = (value ?? {}) as {
    code?: string;
    detail?: string;
  };
  throw new Refused(response.status, code, detail);
}

export function getTokens(username: string, password: string): Promise<Tokens> {
  return exchange("/api/token/", "POST", { username, password });
}

export async function revoke(): Promise<void> {
  const tokens = stored();
  store(null);
  if (tokens) await exchange("/api/token/revoke/", "POST", { refresh: tokens.refresh });
}

/** Whoever is first exchanges the tokens; the other tabs find them exchanged. */
async function renewed(old: string): Promise<string> {
  const renew = async (): Promise<string> => {
    const tokens = stored();
    if (!tokens) throw new Refused(401, "authentication_failed", "You are signed out.");
    if (tokens.access !== old) return tokens.access;
    const { refresh } = tokens;
    // Whoever signs out, or somebody else in, does not wait for this.
    const holds = (): boolean => stored()?.refresh === refresh;
    let fresh: Tokens;
    try {
      fresh = await exchange<Tokens>("/api/token/refresh/", "POST", { refresh });
    } catch (error) {
      if (error instanceof Refused && error.status === 401 && holds()) store(null);
      throw error;
    }
    if (!holds()) throw new Refused(401, "authentication_failed", "You are signed out.");
    store(fresh);
    return fresh.access;
  };
  // Locks are there on https and on localhost only. Elsewhere tabs may collide, and have to sign in.
  return "locks" in navigator ? navigator.locks.request("workroom.tokens", renew) : renew();
}

/** An access token that is good for a while. Throws Refused. */
export async function accessToken(): Promise<string> {
  const access = stored()?.access ?? "";
  return lifetime(access) > 0 ? access : renewed(access);
}

/** One request of somebody who is signed in. Throws Refused. */
export async function rest<T>(path: string, method = "GET", body?: unknown): Promise<T> {
  const token = await accessToken();
  try {
    return await exchange<T>(path, method, body, token);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    return exchange<T>(path, method, body, await renewed(token));
  }
}
