import { describe, expect, it } from "vitest";
import { readUpdate, usageOf } from "../src/stream/chunks";

const event = (data: unknown, id = "7", name = "message") => ({ event: name, id, data: typeof data === "string" ? data : JSON.stringify(data) });

describe("readUpdate", () => {
  it("reads text, reasoning, ids and the end", () => {
    expect(readUpdate(event({ grove: { runId: "r", assistantMessageId: "a" }, choices: [] }))).toMatchObject({ seq: 7, ids: { runId: "r", assistantMessageId: "a" } });
    expect(readUpdate(event({ model: "m", choices: [{ delta: { content: "hi", reasoning_content: "hm" } }] }))).toMatchObject({ text: "hi", reasoning: "hm", model: "m" });
    expect(readUpdate(event({ choices: [{ delta: {}, finish_reason: "stop" }] }))).toMatchObject({ finishReason: "stop" });
    expect(readUpdate(event("[DONE]"))).toEqual({ seq: 7, done: true });
  });

  it("turns an error event into an ApiError with its code", () => {
    const update = readUpdate(event({ error: { code: "provider_error", message: "gone", details: { status: 502 } } }, "9", "error"));
    expect(update?.error).toMatchObject({ code: "provider_error", message: "gone", details: { status: 502 } });
    expect(readUpdate(event({}, "9", "error"))?.error?.code).toBe("unexpected");
  });

  it("skips what it cannot read and ids that are no numbers", () => {
    expect(readUpdate(event("{oops"))).toBeNull();
    expect(readUpdate(event({ choices: [] }, "abc"))?.seq).toBeNull();
  });

  it("never takes foreign types for text", () => {
    expect(readUpdate(event({ choices: [{ delta: { content: { toString: "x" } } }] }))?.text).toBeUndefined();
  });
});

describe("usageOf", () => {
  it("reads both spellings and keeps an unknown cost unknown", () => {
    expect(usageOf({ prompt_tokens: 3, completion_tokens: 4, cost: null, estimated: true })).toEqual({ promptTokens: 3, completionTokens: 4, cost: null, estimated: true });
    expect(usageOf({ promptTokens: 3, completionTokens: 4, cost: 0.5 })).toEqual({ promptTokens: 3, completionTokens: 4, cost: 0.5, estimated: false });
    expect(usageOf(null)).toBeNull();
    expect(usageOf({ cost: 1 })).toBeNull();
  });
});
