// The address says which view is shown.

export type Route =
  | { readonly view: "home" }
  | { readonly view: "essay"; readonly id: number; readonly past: boolean }
  | { readonly view: "project"; readonly id: number }
  | { readonly view: "unknown" };

function read(path: string): Route {
  if (path === "/") return { view: "home" };
  const [, kind, id, past] =
    /^\/(essays|projects)\/([1-9][0-9]{0,15})(\/history)?\/?$/.exec(path) ?? [];
  if (kind === "projects" && !past) return { view: "project", id: Number(id) };
  if (kind === "essays") return { view: "essay", id: Number(id), past: past !== undefined };
  return { view: "unknown" };
}

export const route = $state({ now: read(location.pathname) });

let ready: (() => Promise<boolean>) | null = null;

/** Ask `before` whether what is shown may be left. Returns what ends that. */
export function guard(before: () => Promise<boolean>): () => void {
  ready = before;
  return () => {
    if (ready === before) ready = null;
  };
}

/** Whether what is shown may be left for an address. An essay's history is part of the essay. */
function mayGo(path: string): Promise<boolean> {
  const next = read(path);
  const stays = next.view === "essay" && route.now.view === "essay" && next.id === route.now.id;
  return stays ? Promise.resolve(true) : mayLeave();
}

/** Whether what is shown may be left. */
export function mayLeave(): Promise<boolean> {
  return ready ? ready() : Promise.resolve(true);
}

export async function go(path: string): Promise<void> {
  if (path === location.pathname || !(await mayGo(path))) return;
  shown = path;
  history.pushState(null, "", path);
  route.now = read(path);
  scrollTo(0, 0);
}

let shown = location.pathname;
addEventListener("popstate", () => {
  const { pathname } = location;
  void mayGo(pathname).then((may) => {
    if (may) route.now = read((shown = pathname));
    else history.pushState(null, "", shown);
  });
});

/** For links: stays in the page, unless a new tab or window is asked for. */
export function stay(event: MouseEvent): void {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  void go((event.currentTarget as HTMLAnchorElement).pathname);
}
