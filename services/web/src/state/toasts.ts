/* Short messages that come and go by themselves. Anything a person must act on is a notice, not a toast. */

import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "error";
}

export const toasts = signal<readonly Toast[]>([]);
let counter = 0;

export function toast(text: string, tone: Toast["tone"] = "plain"): void {
  const id = ++counter;
  toasts.value = [...toasts.value.slice(-2), { id, text, tone }];
  setTimeout(() => dismissToast(id), tone === "error" ? 8000 : 4000);
}

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

/* The person went on: what was said before is past. */
export function clearToasts(): void {
  toasts.value = [];
}

/* What a screen reader is told, for example that an answer is finished. */
export const announcement = signal("");

export function announce(text: string): void {
  announcement.value = "";
  setTimeout(() => (announcement.value = text), 50);
}
