// Tokens of whoever is signed in. They are shared by all tabs, because a refresh token is good for
// one use: two tabs that both used it would look like a theft.

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

const KEY = "workroom.tokens";
/** Seconds before its end at which a token is exchanged. */
const EARLY = 90;
/** What is taken for the whole life of a token that does not say when it began. */
const HOUR = 3600;

const listeners = new Set<(access: string | null) => void>();

/** Calls `listener` with each new access token, and null when there is none any more. Returns what ends that. */
export function onToken(listener: (access: string | null) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function stored(): Tokens | null {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Tokens> | null;
    const { access, refresh } = value ?? {};
    return typeof access === "string" && typeof refresh === "string" ? { access, refresh } : null;
  } catch {
    return null;
  }
}

export function store(tokens: Tokens | null): void {
  if (tokens) localStorage.setItem(KEY, JSON.stringify(tokens));
  else localStorage.removeItem(KEY);
  for (const each of [...listeners]) each(tokens?.access ?? null);
}

/** What the token says of itself; it is for the server to check it. */
function claims(token: string): {
  readonly exp?: number;
  readonly iat?: number;
  readonly user_id?: number;
} {
  try {
    const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(part)) as ReturnType<typeof claims>;
  } catch {
    return {};
  }
}

/** Seconds from now until `token` has to be exchanged. */
export function lifetime(token: string): number {
  const { exp = 0, iat = exp - HOUR } = claims(token);
  return exp - Date.now() / 1000 - Math.min(EARLY, (exp - iat) / 4);
}

/** Another tab signed somebody else in, or out: this one starts anew. */
addEventListener("storage", ({ key, oldValue, newValue }) => {
  if (key !== KEY) return;
  const user = (value: string | null): unknown => {
    const { access = "" } = JSON.parse(value ?? "{}") as Partial<Tokens>;
    return claims(access).user_id;
  };
  if (user(oldValue) !== user(newValue)) location.reload();
  else if (newValue) store(stored());
});
