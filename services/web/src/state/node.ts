/* One message as the page holds it. Nodes are keyed by id and know their parent; a thread shows one path of them.
 * The state is immutable and sits in a signal of its own, so a streaming answer redraws one message only. */

import { type Signal, signal } from "@preact/signals";
import type { ApiError } from "../api/errors";
import type { Message, Provider, RunStatus, Usage } from "../api/types";
import { type Blocks, appendText, noBlocks, splitText } from "../markdown/blocks";
import { usageOf } from "../stream/chunks";

export interface NodeState {
  id: string;
  parentId: string | null;
  role: "user" | "assistant";
  text: string;
  blocks: Blocks;
  reasoning: string;
  status: RunStatus;
  connection: "live" | "reconnecting" | "lost";
  createdAt: string;
  model: string | null;
  provider: Provider | null;
  usage: Usage | null;
  error: ApiError | null;
  runId: string | null;
  siblings: { index: number; count: number; ids: string[] } | null;
}

export type Node = Signal<NodeState>;

const blank = {
  text: "", blocks: noBlocks, reasoning: "", connection: "live", model: null, provider: null, usage: null, error: null,
  runId: null, siblings: null, parentId: null,
} as const;

export function newNode(fields: Partial<NodeState> & Pick<NodeState, "id" | "role" | "status">): Node {
  return signal<NodeState>({ ...blank, createdAt: new Date().toISOString(), ...fields });
}

export function nodeFromMessage(message: Message): Node {
  const role = message.role === "user" ? "user" : "assistant";
  const text = message.content ?? "";
  return newNode({
    id: message.id,
    parentId: message.parentId,
    role,
    text,
    blocks: role === "user" ? noBlocks : message.status === "running" ? appendText(noBlocks, text) : splitText(text),
    status: message.status ?? "completed",
    createdAt: message.createdAt,
    model: message.model ?? null,
    provider: message.provider ?? null,
    usage: usageOf(message.usage),
    runId: message.runId ?? null,
    siblings: message.siblings ?? null,
  });
}

export function patch(node: Node, fields: Partial<NodeState>): void {
  node.value = { ...node.value, ...fields };
}

export function growText(node: Node, added: string): void {
  const state = node.value;
  patch(node, { text: state.text + added, blocks: appendText(state.blocks, added) });
}

/* The end of a text may hold definitions that earlier blocks refer to, so a finished text is cut once more. */
export function settleText(node: Node): void {
  const blocks = splitText(node.value.text);
  const before = node.value.blocks;
  const same = blocks.tail === before.tail && blocks.done.length === before.done.length;
  if (!same) patch(node, { blocks });
}
