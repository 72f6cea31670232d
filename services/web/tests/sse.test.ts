import { describe, expect, it } from "vitest";
import { type SseEvent, SseParser, readEvents } from "../src/stream/sse";

function parse(...pieces: string[]): SseEvent[] {
  const events: SseEvent[] = [];
  const parser = new SseParser((event) => events.push(event));
  pieces.forEach((piece) => parser.push(piece));
  return events;
}

const stream =
  '\uFEFFid: 1\ndata: {"a":1}\n\n: ping\r\n\r\nevent: error\rid: 2\rdata: first\rdata:second\r\rdata\n\nid: 3\r\ndata: é 🌲\r\n\r\nid:\ndata: [DONE]\n\n';

const expected: SseEvent[] = [
  { event: "message", data: '{"a":1}', id: "1" },
  { event: "error", data: "first\nsecond", id: "2" },
  { event: "message", data: "", id: "2" },
  { event: "message", data: "é 🌲", id: "3" },
  { event: "message", data: "[DONE]", id: "" },
];

describe("SseParser", () => {
  it("reads all line ends, comments, empty data, multi-line data and ids", () => {
    expect(parse(stream)).toEqual(expected);
  });

  it("gives the same events wherever the stream is cut in two", () => {
    for (let at = 0; at <= stream.length; at++) expect(parse(stream.slice(0, at), stream.slice(at)), `cut at ${at}`).toEqual(expected);
  });

  it("gives the same events one character at a time", () => {
    expect(parse(...stream.split(""))).toEqual(expected);
  });

  it("drops an event that the stream ends in the middle of", () => {
    expect(parse("data: one\n\ndata: two\n")).toEqual([{ event: "message", data: "one", id: "" }]);
  });

  it("takes one space after the colon, not two", () => {
    expect(parse("data:  x\n\n")[0]?.data).toBe(" x");
  });

  it("ignores an id with a null character and unknown fields", () => {
    expect(parse("id: 5\nretry: 9\nid: a\0b\nwhat: ever\ndata: x\n\n")).toEqual([{ event: "message", data: "x", id: "5" }]);
  });

  it("refuses an event without end instead of eating the memory", () => {
    const parser = new SseParser(() => undefined);
    expect(() => {
      for (let i = 0; i < 40; i++) parser.push(`data: ${"x".repeat(100_000)}\n`);
    }).toThrow("too large");
    const endless = new SseParser(() => undefined);
    expect(() => {
      for (let i = 0; i < 40; i++) endless.push("x".repeat(100_000));
    }).toThrow("too large");
  });
});

describe("readEvents", () => {
  it("joins characters whose bytes were cut apart", async () => {
    const bytes = new TextEncoder().encode(stream);
    for (const size of [1, 2, 3, 7]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      const events: SseEvent[] = [];
      await readEvents(body, (event) => events.push(event));
      expect(events).toEqual(expected);
    }
  });
});
