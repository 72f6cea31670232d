/* Light, dark, or what the system says. src/boot/theme.js applies the stored choice before the first paint. */

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "grove.theme";

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(typeof localStorage === "undefined" ? "system" : stored());

export function setTheme(choice: Theme): void {
  theme.value = choice;
  const root = document.documentElement;
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    /* the choice then lasts until the page is closed */
  }
}
