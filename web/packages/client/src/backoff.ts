// When to come back after a connection has ended.

/** What a close code advises: see "How connections end" in the reference of the wire formats. */
export type Advice = "retry" | "renew" | "pause" | "stop";

const ADVICE: Readonly<Record<number, Advice>> = {
  1002: "stop",
  1007: "stop",
  1008: "pause",
  1009: "stop",
  4401: "renew",
  4403: "stop",
};

export const FIRST_WAIT = 500;
export const LONGEST_WAIT = 30_000;

/** What to do after this close code; codes that are not listed, 1006 above all, mean a retry. */
export function advice(code: number): Advice {
  return ADVICE[code] ?? "retry";
}

/**
 * Milliseconds until the next attempt: full jitter, up to `away`, the milliseconds waited so far.
 * So the waits grow with every attempt, and nobody stays away for much longer than the server did:
 * doubling the limit each time would keep those who drew short waits away the longest. `random`: 0
 * to 1.
 */
export function backoff(away: number, random: number): number {
  return Math.round(random * Math.min(LONGEST_WAIT, Math.max(FIRST_WAIT, away)));
}
