// Light or dark: as the system says, unless somebody chose.

export type Theme = "system" | "light" | "dark";

const KEY = "workroom.theme";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = $state({ chosen: stored() });

export function applyTheme(): void {
  const root = document.documentElement;
  if (theme.chosen === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme.chosen;
}

export function nextTheme(): void {
  theme.chosen = NEXT[theme.chosen];
  localStorage.setItem(KEY, theme.chosen);
  applyTheme();
}
