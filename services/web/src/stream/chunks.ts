/* From one SSE event of a run to what happened: text, reasoning, ids, usage, an error, the end. */

import { ApiError, errorBodyOf } from "../api/errors";
import type { Usage } from "../api/types";
import type { SseEvent } from "./sse";

export interface RunIds {
  runId: string;
  conversationId?: string;
  branchId?: string;
  userMessageId?: string;
  assistantMessageId?: string;
}

export interface RunUpdate {
  seq: number | null;
  ids?: RunIds;
  model?: string;
  text?: string;
  reasoning?: string;
  finishReason?: string;
  usage?: Usage;
  error?: ApiError;
  done?: boolean;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/* Takes both spellings: OpenAI's in streams, ours in stored messages. Null when there is nothing to show. */
export function usageOf(value: unknown): Usage | null {
  if (typeof value !== "object" || value === null) return null;
  const raw = value as Record<string, unknown>;
  const usage: Usage = {
    promptTokens: number(raw.promptTokens ?? raw.prompt_tokens),
    completionTokens: number(raw.completionTokens ?? raw.completion_tokens),
    cost: number(raw.cost),
    estimated: raw.estimated === true,
  };
  return usage.promptTokens === null && usage.completionTokens === null ? null : usage;
}

function sequence(id: string): number | null {
  return /^\d+$/.test(id) ? Number(id) : null;
}

interface Chunk {
  grove?: RunIds & { status?: string };
  model?: unknown;
  usage?: unknown;
  choices?: { delta?: Record<string, unknown>; finish_reason?: unknown }[];
}

function textOf(delta: Record<string, unknown>, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = delta[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/* Null for an event that carries nothing for us; an unreadable one is skipped rather than ending an answer. */
export function readUpdate(event: SseEvent): RunUpdate | null {
  const seq = sequence(event.id);
  if (event.data === "[DONE]") return { seq, done: true };
  let json: unknown;
  try {
    json = JSON.parse(event.data);
  } catch {
    return null;
  }
  const failure = errorBodyOf(json);
  if (event.event === "error" || failure) {
    return { seq, error: new ApiError(200, failure ?? { code: "unexpected", message: "The answer broke off." }) };
  }
  const chunk = json as Chunk;
  const update: RunUpdate = { seq };
  if (chunk.grove && typeof chunk.grove.runId === "string") update.ids = chunk.grove;
  if (typeof chunk.model === "string" && chunk.model !== "") update.model = chunk.model;
  const usage = usageOf(chunk.usage);
  if (usage) update.usage = usage;
  const choice = chunk.choices?.[0];
  if (choice?.delta) {
    const text = textOf(choice.delta, "content");
    const reasoning = textOf(choice.delta, "reasoning_content", "reasoning");
    if (text !== undefined) update.text = text;
    if (reasoning !== undefined) update.reasoning = reasoning;
  }
  if (typeof choice?.finish_reason === "string") update.finishReason = choice.finish_reason;
  return update;
}
