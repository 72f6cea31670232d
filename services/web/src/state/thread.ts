/* An open conversation: nodes by id, the path that is shown, and what is going on in it. Path-first like the API: the
 * newest page of one branch's path is loaded, older pages on demand; other branches never are. */

import { type Signal, computed, signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { Message } from "../api/types";
import { upsertConversation, conversations } from "./conversations";
import { type Node, nodeFromMessage } from "./node";
import type { Verdict } from "./gate";

export interface ActiveRun {
  node: Node;
  runId: string | null;
  abort: AbortController;
  stopping: Signal<boolean>;
}

/* Shown above the composer until it is dealt with. */
export type Notice = { kind: "error"; error: ApiError } | { kind: "gate"; verdict: Verdict };

/* A send that may or may not have reached the server: sending the same text again must not store it twice. */
export interface PendingSend {
  text: string;
  messageId: string;
}

export class Thread {
  readonly conversationId = signal<string | null>(null);
  branchId: string | null = null;
  readonly nodes = new Map<string, Node>();
  readonly path = signal<readonly string[]>([]);
  readonly phase = signal<"new" | "loading" | "ready" | "failed" | "missing">("new");
  readonly loadError = signal<ApiError | null>(null);
  readonly older = signal<string | null>(null);
  readonly loadingOlder = signal(false);
  readonly draft = signal("");
  readonly notice = signal<Notice | null>(null);
  readonly run = signal<ActiveRun | null>(null);
  pending: PendingSend | null = null;

  readonly shown = computed(() => this.path.value.map((id) => this.nodes.get(id)!).filter(Boolean));
  readonly busy = computed(() => this.run.value !== null);

  constructor(conversationId: string | null) {
    this.conversationId.value = conversationId;
    if (conversationId) this.phase.value = "loading";
  }

  get leaf(): Node | null {
    const id = this.path.value[this.path.value.length - 1];
    return id ? (this.nodes.get(id) ?? null) : null;
  }

  append(node: Node): void {
    this.nodes.set(node.value.id, node);
    this.path.value = [...this.path.value, node.value.id];
  }

  remove(node: Node): void {
    this.nodes.delete(node.value.id);
    this.path.value = this.path.value.filter((id) => id !== node.value.id);
  }

  /* Takes the place of `old` at the end of the path: a regenerated answer is a sibling, the old one stays stored. */
  replaceLeaf(old: Node, fresh: Node): void {
    this.nodes.set(fresh.value.id, fresh);
    this.path.value = this.path.value.map((id) => (id === old.value.id ? fresh.value.id : id));
  }

  /* The server named a node that was shown under a provisional id. */
  rename(node: Node, id: string): void {
    const old = node.value.id;
    if (old === id) return;
    node.value = { ...node.value, id };
    this.nodes.delete(old);
    this.nodes.set(id, node);
    this.path.value = this.path.value.map((one) => (one === old ? id : one));
  }

  /* Loads the conversation and the newest page of its path. Nodes already here keep their identity. */
  async load(): Promise<void> {
    const id = this.conversationId.value;
    if (!id) return;
    if (this.phase.value !== "ready") this.phase.value = "loading";
    try {
      const conversation = await api.conversation(id);
      this.branchId = conversation.activeBranchId ?? conversation.rootBranchId;
      if (!conversations.value.some((one) => one.id === id)) upsertConversation(conversation);
      const page = await api.messages(id, this.branchId);
      this.take(page.items, "replace");
      this.older.value = page.nextCursor;
      this.loadError.value = null;
      this.phase.value = "ready";
    } catch (error) {
      const known = asApiError(error);
      this.loadError.value = known;
      if (this.phase.value !== "ready") this.phase.value = known.status === 404 ? "missing" : "failed";
      else this.notice.value = { kind: "error", error: known };
    }
  }

  async loadOlder(): Promise<void> {
    const id = this.conversationId.value;
    if (!id || !this.branchId || !this.older.value || this.loadingOlder.value) return;
    this.loadingOlder.value = true;
    try {
      const page = await api.messages(id, this.branchId, this.older.value);
      this.take(page.items, "before");
      this.older.value = page.nextCursor;
    } finally {
      this.loadingOlder.value = false;
    }
  }

  private take(items: readonly Message[], where: "replace" | "before"): void {
    const visible = pathOrder(items.filter((item) => item.role === "user" || item.role === "assistant"));
    for (const item of visible) {
      const fresh = nodeFromMessage(item);
      const held = this.nodes.get(item.id);
      if (held) held.value = fresh.value;
      else this.nodes.set(item.id, fresh);
    }
    const ids = visible.map((item) => item.id);
    const known = new Set(ids);
    this.path.value = where === "replace" ? ids : [...ids, ...this.path.value.filter((id) => !known.has(id))];
  }
}

/* A page of a path from root to leaf, in whatever order it came: each message names its parent. */
export function pathOrder(items: readonly Message[]): Message[] {
  const byParent = new Map<string | null, Message>();
  const ids = new Set(items.map((item) => item.id));
  for (const item of items) byParent.set(item.parentId !== null && ids.has(item.parentId) ? item.parentId : null, item);
  const ordered: Message[] = [];
  for (let next = byParent.get(null); next && ordered.length < items.length; next = byParent.get(next.id)) ordered.push(next);
  /* Not one chain (a server older or newer than we are): show what came, by time, rather than dropping any. */
  return ordered.length === items.length ? ordered : [...items].sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
}
