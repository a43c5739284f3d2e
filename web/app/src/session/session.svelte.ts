// Who is signed in.
import type { Person } from "workroom-client";

import { accessToken, getTokens, Refused, rest, revoke } from "./rest.js";
import { lifetime, onToken, store, stored } from "./tokens.js";

export interface Profile extends Person {
  readonly username: string;
}

/** `user` is null for nobody; undefined until it is known. */
export const session = $state<{ user: Profile | null | undefined; problem: string }>({
  user: undefined,
  problem: "",
});

let timer: ReturnType<typeof setTimeout> | undefined;

/** Tokens are exchanged before they end, so that what is open stays open. */
function keepFresh(token: string): void {
  clearTimeout(timer);
  const wait = Math.min(Math.max(lifetime(token), 5), 86_400);
  timer = setTimeout(() => {
    accessToken().then(keepFresh, () => {
      // Without a network one goes on, and tries again; without a good token, see above.
      if (stored()) keepFresh(token);
    });
  }, wait * 1000);
}
onToken((token) => {
  if (token) keepFresh(token);
  else if (session.user) expelled();
});

/** Find out who is signed in from before. */
export async function resume(): Promise<void> {
  if (!stored()) {
    session.user = null;
    return;
  }
  try {
    session.user = await rest<Profile>("/api/users/me/");
    keepFresh(await accessToken());
  } catch (error) {
    const signedOut = error instanceof Refused && error.status === 401;
    session.problem = signedOut ? "" : (error as Error).message;
    session.user = null;
  }
}

/** Throws Refused. */
export async function signIn(username: string, password: string): Promise<void> {
  store(await getTokens(username, password));
  session.user = await rest<Profile>("/api/users/me/");
}

/** The server closes whatever is open of this log-in. */
export async function signOut(): Promise<void> {
  clearTimeout(timer);
  session.user = null;
  session.problem = "";
  await revoke().catch(() => undefined);
}

let unsaved: (() => boolean) | null = null;

/** `needed` says whether what is shown must stay after a log-in has ended. Returns what ends that. */
export function keepForLater(needed: () => boolean): () => void {
  unsaved = needed;
  return () => {
    if (unsaved === needed) unsaved = null;
  };
}

/** The tokens are no good any more. What somebody typed and could not save stays before them. */
export function expelled(): void {
  clearTimeout(timer);
  if (unsaved?.()) return;
  session.user = null;
  session.problem = "You were signed out. Please sign in again.";
  if (stored()) store(null);
}
