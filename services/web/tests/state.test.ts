import { describe, expect, it } from "vitest";
import type { Conversation, Message, Model } from "../src/api/types";
import { groupByDay, titleFromText } from "../src/state/conversations";
import { choicesFor, judge, mismatch } from "../src/state/gate";
import { newId } from "../src/state/ids";
import { orderModels } from "../src/state/models";
import { growText, newNode, nodeFromMessage, settleText } from "../src/state/node";
import { parsePath } from "../src/state/router";
import { Thread, pathOrder } from "../src/state/thread";

const models: Model[] = [
  { id: "gpt-a", provider: "openai" },
  { id: "vendor/b", provider: "openrouter" },
  { id: "vendor/c", provider: "openrouter" },
  { id: "qwen", provider: "openai-compatible" },
];

describe("the send gate", () => {
  const gpt = { id: "gpt-a", provider: "openai" } as const;

  it("asks for a key when there is none, naming what the model wants", () => {
    expect(judge(gpt, models, new Set())).toEqual({ kind: "no-key", wants: "openai" });
    expect(judge(null, [], new Set())).toEqual({ kind: "no-key", wants: null });
  });

  it("lets a model pass that has a key", () => {
    expect(judge(gpt, models, new Set(["openai"]))).toEqual({ kind: "ok", model: gpt });
  });

  it("asks for a model when none is known", () => {
    expect(judge(null, [], new Set(["openai-compatible"]))).toEqual({ kind: "no-model", provider: "openai-compatible" });
  });

  it("never ends in a dead end: a mismatch offers models that work, or a name to type", () => {
    expect(judge(gpt, models, new Set(["openrouter"]))).toMatchObject({ kind: "mismatch", choices: [{ id: "vendor/b" }, { id: "vendor/c" }], typeFor: null });
    expect(judge(gpt, [models[0]!], new Set(["openai-compatible"]))).toMatchObject({ kind: "mismatch", choices: [], typeFor: "openai-compatible" });
  });

  it("offers one model of each provider first", () => {
    expect(choicesFor(models, ["openrouter", "openai-compatible"]).map((one) => one.id)).toEqual(["vendor/b", "qwen", "vendor/c"]);
  });

  it("takes the server's choices as providers, as models or as both", () => {
    const none = new Set<never>();
    expect(mismatch(gpt, models, none, ["openai-compatible"])).toMatchObject({ choices: [{ id: "qwen" }] });
    expect(mismatch(gpt, models, none, [{ provider: "openrouter", model: "vendor/z" }])).toMatchObject({ choices: [{ id: "vendor/z", provider: "openrouter" }] });
    expect(mismatch(gpt, models, none, ["vendor/c"])).toMatchObject({ choices: [{ id: "vendor/c" }] });
    expect(mismatch(gpt, models, none, { nonsense: true })).toMatchObject({ choices: [], typeFor: null });
  });
});

describe("models", () => {
  it("come with usable providers first, each provider together", () => {
    const mixed: Model[] = [models[0]!, models[3]!, { id: "gpt-b", provider: "openai" }, models[1]!];
    expect(orderModels(mixed, new Set(["openrouter"])).map((one) => one.id)).toEqual(["vendor/b", "gpt-a", "gpt-b", "qwen"]);
  });
});

describe("the list of conversations", () => {
  const at = (id: string, lastActiveAt: string): Conversation => ({ id, title: id, rootBranchId: "b", createdAt: lastActiveAt, lastActiveAt });

  it("is grouped by calendar day, newest first", () => {
    const now = new Date(2026, 10, 24, 0, 30);
    const local = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();
    const groups = groupByDay(
      [at("old", local(2025, 4, 1, 12, 0)), at("yesterday", local(2026, 10, 23, 23, 59)), at("today", local(2026, 10, 24, 0, 1)), at("week", local(2026, 10, 18, 9, 0)), at("month", local(2026, 9, 30, 9, 0)), at("autumn", local(2026, 8, 3, 9, 0))],
      now,
    );
    expect(groups.map((group) => [group.label, group.items.map((one) => one.id)])).toEqual([
      ["Today", ["today"]], ["Yesterday", ["yesterday"]], ["Previous 7 days", ["week"]], ["Previous 30 days", ["month"]], ["September", ["autumn"]], ["May 2025", ["old"]],
    ]);
  });

  it("makes a title from the first words, at most 60 characters, never half a surrogate", () => {
    expect(titleFromText("\n\n# Plan  a   garden\nmore")).toBe("Plan a garden");
    expect(titleFromText("   ")).toBe("New chat");
    expect([...titleFromText("🌲".repeat(80))]).toHaveLength(60);
    const long = titleFromText("word ".repeat(40));
    expect([...long].length).toBeLessThanOrEqual(60);
    expect(long.endsWith("word…")).toBe(true);
  });
});

const message = (id: string, parentId: string | null, extra: Partial<Message> = {}): Message => ({
  id, parentId, branchId: "b", role: "user", content: id, createdAt: "2026-01-01T00:00:00Z", status: "completed", ...extra,
});

describe("a thread", () => {
  it("puts a page in order by its parents, however it came", () => {
    const chain = [message("a", "above"), message("b", "a"), message("c", "b"), message("d", "c")];
    for (const shuffled of [chain, [...chain].reverse(), [chain[2]!, chain[0]!, chain[3]!, chain[1]!]]) {
      expect(pathOrder(shuffled).map((one) => one.id)).toEqual(["a", "b", "c", "d"]);
    }
  });

  it("drops nothing when the page is no single chain", () => {
    expect(pathOrder([message("a", null), message("b", "x"), message("c", "y")])).toHaveLength(3);
    expect(pathOrder([message("a", "b"), message("b", "a")])).toHaveLength(2);
  });

  it("renames a provisional answer and replaces a regenerated one in place", () => {
    const thread = new Thread("c");
    const user = newNode({ id: "u", role: "user", status: "completed" });
    const answer = newNode({ id: "pending-u", role: "assistant", status: "running", parentId: "u" });
    thread.append(user);
    thread.append(answer);
    thread.rename(answer, "final");
    expect(thread.path.value).toEqual(["u", "final"]);
    expect(thread.leaf).toBe(answer);
    const second = newNode({ id: "second", role: "assistant", status: "running", parentId: "u" });
    thread.replaceLeaf(answer, second);
    expect(thread.path.value).toEqual(["u", "second"]);
    expect(thread.nodes.has("final")).toBe(true);
  });

  it("joins an answer's definitions to its text once it is finished", () => {
    const node = newNode({ id: "n", role: "assistant", status: "running" });
    growText(node, "See [a].\n\nMore.\n\n");
    growText(node, "[a]: https://example.org\n");
    expect(node.value.blocks.done.length).toBeGreaterThan(0);
    settleText(node);
    expect(node.value.blocks).toEqual({ done: [], tail: node.value.text });
  });

  it("reads a stored message", () => {
    const node = nodeFromMessage(message("m", "p", { role: "assistant", content: "a\n\nb", status: "stopped", usage: { promptTokens: 1, completionTokens: 2, cost: null } }));
    expect(node.value).toMatchObject({ role: "assistant", status: "stopped", usage: { promptTokens: 1, cost: null }, text: "a\n\nb" });
  });
});

describe("addresses and ids", () => {
  it("knows its own pages only", () => {
    expect(parsePath("/app")).toEqual({ conversationId: null, known: true });
    expect(parsePath("/app/c/0b0a-1")).toEqual({ conversationId: "0b0a-1", known: true });
    expect(parsePath("/app/c/../x").known).toBe(false);
    expect(parsePath("/app/what").known).toBe(false);
  });

  it("makes version 4 ids with and without the browser's own function", () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(newId()).toMatch(form);
    const own = crypto.randomUUID;
    Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
    try {
      expect(newId()).toMatch(form);
    } finally {
      Object.defineProperty(crypto, "randomUUID", { value: own, configurable: true });
    }
  });
});
