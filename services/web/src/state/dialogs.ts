/* Which dialog is open. One at a time: a dialog over a dialog is a maze. */

import { signal } from "@preact/signals";
import type { Conversation, Provider } from "../api/types";

export type Dialog =
  | { kind: "keys"; guidance: string | null; provider: Provider | null }
  | { kind: "tokens" }
  | { kind: "delete-conversation"; conversation: Conversation }
  | null;

export const dialog = signal<Dialog>(null);

export const openKeys = (guidance: string | null = null, provider: Provider | null = null): void => {
  dialog.value = { kind: "keys", guidance, provider };
};
export const openTokens = (): void => void (dialog.value = { kind: "tokens" });
export const closeDialog = (): void => void (dialog.value = null);

/* The sidebar as a drawer on small screens, and whether it is folded away on large ones. */
export const drawerOpen = signal(false);
export const sidebarFolded = signal(false);

/* The same width at which src/styles/layout.css makes the sidebar a drawer. */
const small = typeof matchMedia === "function" ? matchMedia("(max-width: 820px)") : null;
small?.addEventListener("change", () => (drawerOpen.value = false));

export function showSidebar(): void {
  if (small?.matches) drawerOpen.value = true;
  else sidebarFolded.value = false;
}
