/* Which conversation the address names. Branches will add a segment: /app/c/<conversation>/b/<branch>. */

import { computed, signal } from "@preact/signals";

export interface Route {
  conversationId: string | null;
  known: boolean;
}

export function parsePath(path: string): Route {
  const match = /^\/app\/c\/([0-9a-zA-Z-]{1,64})\/?$/.exec(path);
  if (match) return { conversationId: match[1]!, known: true };
  return { conversationId: null, known: /^\/app(\.html)?\/?$/.test(path) };
}

const path = signal(typeof location === "undefined" ? "/app" : location.pathname);

export const route = computed(() => parsePath(path.value));

export const pathOf = (conversationId: string | null): string =>
  conversationId ? `/app/c/${conversationId}` : "/app";

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to !== location.pathname) {
    if (how === "push") history.pushState(null, "", to);
    else history.replaceState(null, "", to);
  }
  path.value = to;
}

export function watchAddress(): void {
  window.addEventListener("popstate", () => (path.value = location.pathname));
}
