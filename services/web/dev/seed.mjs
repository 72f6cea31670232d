/* The state a pretended server starts with, by scenario. */

import { randomUUID } from "node:crypto";
import { showcase } from "./answers.mjs";

const HOUR = 3_600_000;
const ago = (hours) => new Date(Date.now() - hours * HOUR).toISOString();

const models = [
  ["gpt-5.2", "openai"], ["gpt-5-mini", "openai"], ["o4-mini", "openai"],
  ["anthropic/claude-sonnet-4.5", "openrouter"], ["google/gemini-2.5-pro", "openrouter"], ["meta-llama/llama-4-maverick", "openrouter"],
  ["qwen3:14b", "openai-compatible"], ["gemma3:12b", "openai-compatible"],
].map(([id, provider]) => ({ id, object: "model", provider, contextWindow: 128000, price: { input: 1.25, output: 10 } }));

const chats = [
  ["How a prefix tree finds words", 0.4], ["Two weeks in Lisbon with a toddler", 3], ["Rename the billing tables safely", 6],
  ["Why sourdough needs a rest", 26], ["Letter to the landlord about the boiler", 30], ["What to ask in the second interview", 75],
  ["Explain Landlock to a C programmer", 100], ["Birthday poem, not too sweet", 130], ["Plan a raised garden bed", 320], ["Compare ZFS and btrfs for a home server", 500],
  ["Notes on “The Overstory”", 1500],
];

function addChat(state, title, hours, exchange) {
  const conversation = { id: randomUUID(), title, rootBranchId: randomUUID(), createdAt: ago(hours + 1), lastActiveAt: ago(hours), archived: false, starred: false, leaf: null };
  state.conversations.set(conversation.id, conversation);
  for (const [role, content, extra] of exchange) {
    const message = { id: randomUUID(), conversationId: conversation.id, parentId: conversation.leaf, branchId: conversation.rootBranchId, role, content, createdAt: ago(hours), status: "completed", model: role === "assistant" ? "gpt-5.2" : null, provider: role === "assistant" ? "openai" : null, usage: role === "assistant" ? { promptTokens: 412, completionTokens: 655, cost: 0.0071, estimated: false } : null, ...extra };
    state.messages.set(message.id, message);
    conversation.leaf = message.id;
  }
}

export function seed(scenario) {
  const state = {
    scenario,
    session: {
      user: { id: randomUUID(), email: null, displayName: "Owner", role: "owner", tier: "pro" },
      auth: { mode: "off", required: false }, csrfToken: randomUUID(),
      byok: { persistence: scenario === "session-only" ? "session-only" : "encrypted" },
      features: { providers: ["openai", "openrouter", "openai-compatible"] }, version: "0.1.0",
    },
    models: scenario === "no-models" ? [] : models,
    keys: [], sessionKeys: new Map(), tokens: [], conversations: new Map(), messages: new Map(), runs: new Map(),
  };
  if (scenario !== "demo" && scenario !== "mismatch") return state;
  state.keys.push({ id: randomUUID(), provider: scenario === "mismatch" ? "openrouter" : "openai", keyName: "Personal", keyPreview: "aB3d", baseUrl: null, active: true, createdAt: ago(300) });
  if (scenario === "demo") {
    state.keys.push({ id: randomUUID(), provider: "openai-compatible", keyName: "Ollama upstairs", keyPreview: "", baseUrl: "http://localhost:11434/v1", active: true, createdAt: ago(200) });
    state.tokens.push({ id: randomUUID(), name: "Notebook script", scopes: ["chat"], expiresAt: ago(-2000), createdAt: ago(90) });
  }
  const turns = Array.from({ length: 60 }, (_, i) => [["user", `Question ${i + 1}`], ["assistant", `Answer ${i + 1}. It has two sentences, so that it takes some room.`]]);
  addChat(state, "A long conversation", 2000, turns.flat());
  for (const [title, hours] of chats) {
    addChat(state, title, hours, [["user", "Explain prefix trees, with code and a small comparison."], ["assistant", showcase], ["user", "And in one sentence, for a child?"], ["assistant", "It is a tree where every path from the root spells the start of a word, so words that begin the same way walk the same way until they part."]]);
  }
  return state;
}
