/* What a person does with a conversation: open it, send, try again, stop. */

import { effect, signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { ChatRequest } from "../api/types";
import { removeConversation, titleFromText, touchConversation, upsertConversation } from "./conversations";
import { openKeys } from "./dialogs";
import { explainMissingKey } from "./explain";
import { type Verdict, judge, mismatch } from "./gate";
import { newId } from "./ids";
import { forgetSessionKey, keysLoaded, loadKeys, sessionHandleFor, usableProviders } from "./keys";
import { type ModelChoice, choice, models, picked } from "./models";
import { type Node, newNode, patch } from "./node";
import { navigate, pathOf, route } from "./router";
import { attach, followRun } from "./run";
import { type ActiveRun, Thread } from "./thread";
import { clearToasts } from "./toasts";

/* Threads left while they were answering go on in the background; their drafts stay too. */
const threads = new Map<string, Thread>();
const MAX_KEPT = 12;

export const thread = signal<Thread>(new Thread(null));

/* Ids of conversations that are answering right now, for the dot in the sidebar. */
export function isAnswering(id: string): boolean {
  return threads.get(id)?.busy.value ?? false;
}

function keep(one: Thread): void {
  const id = one.conversationId.value;
  if (!id) return;
  threads.delete(id);
  threads.set(id, one);
  for (const [old, candidate] of threads) {
    if (threads.size <= MAX_KEPT) break;
    if (candidate !== thread.value && !candidate.busy.value && candidate.draft.value === "") threads.delete(old);
  }
}

/* Picks up an answer that was going on when we came. Without a run's id all we can do is look again. */
const LOOK_AGAIN_MS = 2500;

async function pickUp(one: Thread): Promise<void> {
  const leaf = one.leaf;
  if (!leaf || leaf.value.status !== "running" || one.busy.value) return;
  if (leaf.value.runId) return attach(one, leaf);
  await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  if (thread.value !== one) return;
  await one.load();
  return pickUp(one);
}

export async function openThread(one: Thread): Promise<void> {
  await one.load();
  await pickUp(one);
}

let fresh = new Thread(null);

function show(id: string | null): void {
  if (id === thread.peek().conversationId.peek()) {
    if (id === null) thread.value = fresh;
    return;
  }
  if (id === null) {
    thread.value = fresh;
    return;
  }
  const held = threads.get(id);
  const next = held ?? new Thread(id);
  thread.value = next;
  keep(next);
  if (!held || !next.busy.peek()) void openThread(next);
}

/* Follows the address bar. */
export function watchRoute(): void {
  effect(() => {
    const { conversationId } = route.value;
    queueMicrotask(() => show(conversationId));
  });
}

export function newChat(): void {
  if (fresh.conversationId.value) fresh = new Thread(null);
  navigate(pathOf(null));
}

export async function deleteChat(id: string): Promise<void> {
  await removeConversation(id);
  threads.get(id)?.run.value?.abort.abort();
  threads.delete(id);
  if (fresh.conversationId.value === id) fresh = new Thread(null);
  if (route.value.conversationId === id) navigate(pathOf(null), "replace");
}

/* Returns the model to use, or explains why not and returns null. */
function passGate(one: Thread): ModelChoice | null {
  const verdict: Verdict = judge(choice.value, models.value, usableProviders.value);
  if (verdict.kind === "ok") return verdict.model;
  if (verdict.kind === "no-key") {
    /* A model nobody picked wants nothing. */
    const wants = picked.value ? verdict.wants : null;
    openKeys(explainMissingKey(wants), wants);
  }
  else one.notice.value = { kind: "gate", verdict };
  return null;
}

/* A refusal before anything was stored: the same guidance as the gate in the page would have given. */
function refuse(one: Thread, error: ApiError, model: ModelChoice): void {
  if (error.code === "byok_required") {
    const handle = sessionHandleFor(model.provider);
    if (handle) forgetSessionKey(handle);
    void loadKeys();
    openKeys(explainMissingKey(model.provider), model.provider);
  } else if (error.code === "provider_mismatch") {
    one.notice.value = { kind: "gate", verdict: mismatch(model, models.value, usableProviders.value, error.details.choices) };
  } else {
    one.notice.value = { kind: "error", error };
    if (error.code === "leaf_moved") void openThread(one);
  }
}

async function ensureConversation(one: Thread, text: string): Promise<void> {
  if (one.conversationId.value) return;
  const conversation = await api.addConversation(titleFromText(text));
  one.conversationId.value = conversation.id;
  one.branchId = conversation.activeBranchId ?? conversation.rootBranchId;
  one.phase.value = "ready";
  upsertConversation(conversation);
  keep(one);
  if (one === fresh) fresh = new Thread(null);
  if (thread.value === one) navigate(pathOf(conversation.id), "replace");
}

function begin(one: Thread, node: Node): ActiveRun {
  const run: ActiveRun = { node, runId: null, abort: new AbortController(), stopping: signal(false) };
  one.run.value = run;
  one.notice.value = null;
  clearToasts();
  return run;
}

function baseRequest(one: Thread, model: ModelChoice): ChatRequest {
  return {
    model: model.id,
    provider: model.provider,
    conversationId: one.conversationId.value!,
    ...(one.branchId ? { branchId: one.branchId } : {}),
  };
}

async function request(run: ActiveRun, body: ChatRequest): Promise<Response> {
  return api.chat(body, sessionHandleFor(body.provider ?? null), run.abort.signal);
}

const isStream = (response: Response): boolean => (response.headers.get("Content-Type") ?? "").startsWith("text/event-stream");

/* The draft leaves the composer only when the server has taken it; a refusal puts it back. */
export async function sendDraft(): Promise<void> {
  const one = thread.value;
  const text = one.draft.value.trim();
  if (text === "" || one.busy.value || one.phase.value === "loading") return;
  if (!keysLoaded.value) await loadKeys();
  const model = passGate(one);
  if (!model) return;

  const parent = one.leaf;
  const messageId = one.pending?.text === text ? one.pending.messageId : newId();
  one.pending = { text, messageId };
  const user = newNode({ id: messageId, parentId: parent?.value.id ?? null, role: "user", status: "completed", text });
  const answer = newNode({
    id: `pending-${messageId}`, parentId: messageId, role: "assistant", status: "running", model: model.id, provider: model.provider,
  });
  const draft = one.draft.value;
  one.append(user);
  one.append(answer);
  one.draft.value = "";
  const run = begin(one, answer);

  let response: Response;
  try {
    await ensureConversation(one, text);
    touchConversation(one.conversationId.value!);
    response = await request(run, {
      ...baseRequest(one, model),
      messageId,
      ...(parent ? { parentMessageId: parent.value.id, expectedLeafId: parent.value.id } : {}),
      messages: [{ role: "user", content: text }],
    });
  } catch (cause) {
    one.remove(answer);
    one.remove(user);
    one.run.value = null;
    if (one.draft.value === "") one.draft.value = draft;
    refuse(one, asApiError(cause), model);
    return;
  }
  one.pending = null;
  if (isStream(response)) return followRun(one, run, response);
  /* The server had this message already (we lost its answer the first time): show what is stored. */
  one.run.value = null;
  await openThread(one);
}

/* Asks again for the answer that is last on the path. The old one stays stored as its sibling. */
export async function regenerate(old: Node): Promise<void> {
  const one = thread.value;
  if (one.busy.value || one.leaf !== old) return;
  const model = passGate(one);
  if (!model) return;
  const answer = newNode({
    id: `pending-${newId()}`, parentId: old.value.parentId, role: "assistant", status: "running", model: model.id, provider: model.provider,
  });
  one.replaceLeaf(old, answer);
  const run = begin(one, answer);
  try {
    const response = await request(run, { ...baseRequest(one, model), regenerate: old.value.id });
    await followRun(one, run, response);
  } catch (cause) {
    one.replaceLeaf(answer, old);
    one.run.value = null;
    refuse(one, asApiError(cause), model);
  }
}

/* After a lost connection: look at what is stored, and go on following if it is still running. */
export async function reconnect(node: Node): Promise<void> {
  const one = thread.value;
  if (node.value.runId && !one.busy.value) {
    patch(node, { status: "running", error: null });
    attach(one, node);
  } else await openThread(one);
}
