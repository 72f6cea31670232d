/* The list in the sidebar. */

import { computed, signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { Conversation } from "../api/types";

export const conversations = signal<readonly Conversation[]>([]);
export const conversationsError = signal<ApiError | null>(null);
export const conversationsLoaded = signal(false);
export const moreConversations = signal<string | null>(null);
export const loadingMore = signal(false);

export const MAX_TITLE = 60;

export const titleOf = (conversation: Conversation | null | undefined): string => conversation?.title?.trim() || "Untitled chat";

/* A title from the first words of the first message. No provider is asked. Counted in code points, cut between words. */
export function titleFromText(text: string): string {
  const line = text.split("\n").map((one) => one.replace(/^[#>*\-\s]+/, "").trim()).find((one) => one !== "") ?? "New chat";
  const points = [...line.replace(/\s+/g, " ")];
  if (points.length <= MAX_TITLE) return points.join("");
  const cut = points.slice(0, MAX_TITLE - 1).join("");
  const space = cut.lastIndexOf(" ");
  return `${(space > MAX_TITLE / 2 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

export const activityOf = (one: Conversation): string => one.lastActiveAt ?? one.createdAt;

export interface Group {
  label: string;
  items: Conversation[];
}

const DAY = 86_400_000;

function dayStart(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function labelFor(time: number, now: Date): string {
  /* Half a day of slack keeps a 23- or 25-hour day in its place. */
  const days = Math.floor((dayStart(now) - dayStart(new Date(time)) + DAY / 2) / DAY);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return "Previous 7 days";
  if (days < 30) return "Previous 30 days";
  const date = new Date(time);
  return date.toLocaleDateString(undefined, { month: "long", ...(date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) });
}

/* Newest first, in the groups a person thinks in. */
export function groupByDay(list: readonly Conversation[], now: Date): Group[] {
  const groups: Group[] = [];
  const sorted = [...list].sort((a, b) => Date.parse(activityOf(b)) - Date.parse(activityOf(a)));
  for (const item of sorted) {
    const label = labelFor(Date.parse(activityOf(item)), now);
    const last = groups[groups.length - 1];
    if (last?.label === label) last.items.push(item);
    else groups.push({ label, items: [item] });
  }
  return groups;
}

export const grouped = computed(() => groupByDay(conversations.value, new Date()));

export async function loadConversations(): Promise<void> {
  try {
    const page = await api.conversations();
    conversations.value = page.items;
    moreConversations.value = page.nextCursor;
    conversationsError.value = null;
  } catch (error) {
    conversationsError.value = asApiError(error);
  } finally {
    conversationsLoaded.value = true;
  }
}

export async function loadMoreConversations(): Promise<void> {
  if (!moreConversations.value || loadingMore.value) return;
  loadingMore.value = true;
  try {
    const page = await api.conversations(moreConversations.value);
    const seen = new Set(conversations.value.map((one) => one.id));
    conversations.value = [...conversations.value, ...page.items.filter((one) => !seen.has(one.id))];
    moreConversations.value = page.nextCursor;
  } finally {
    loadingMore.value = false;
  }
}

export function upsertConversation(one: Conversation): void {
  const rest = conversations.value.filter((other) => other.id !== one.id);
  conversations.value = [one, ...rest];
}

/* A message was sent or answered: the conversation moves to the top. */
export function touchConversation(id: string): void {
  const now = new Date().toISOString();
  conversations.value = conversations.value.map((one) => (one.id === id ? { ...one, lastActiveAt: now } : one));
}

export async function renameConversation(id: string, title: string): Promise<void> {
  const before = conversations.value;
  conversations.value = before.map((one) => (one.id === id ? { ...one, title } : one));
  try {
    await api.renameConversation(id, title);
  } catch (error) {
    conversations.value = before;
    throw error;
  }
}

export async function removeConversation(id: string): Promise<void> {
  try {
    await api.deleteConversation(id);
  } catch (error) {
    if (asApiError(error).status !== 404) throw error;
  }
  conversations.value = conversations.value.filter((one) => one.id !== id);
}
