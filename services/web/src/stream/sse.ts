/* Incremental parser for text/event-stream, by the rules of the HTML standard (section 9.2.6): lines end with
 * LF, CR or CRLF, which may be cut anywhere between two pieces; a blank line dispatches; comments are skipped;
 * an event still open when the stream ends is dropped. */

export interface SseEvent {
  event: string;
  data: string;
  id: string;
}

/* The largest event we hold. The server promises 1 MiB; more is not an event of ours. */
const MAX_EVENT_CHARS = 2 * 1024 * 1024;

export class SseParser {
  #line = "";
  #afterCr = false;
  #atStart = true;
  #event = "";
  #data: string[] = [];
  #size = 0;
  #lastId = "";
  readonly #emit: (event: SseEvent) => void;

  constructor(emit: (event: SseEvent) => void) {
    this.#emit = emit;
  }

  push(piece: string): void {
    let text = piece;
    if (text === "") return;
    if (this.#atStart) {
      this.#atStart = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    let from = 0;
    if (this.#afterCr) {
      this.#afterCr = false;
      if (text.startsWith("\n")) from = 1;
    }
    const breaks = /\r\n|\n|\r/g;
    breaks.lastIndex = from;
    for (let hit = breaks.exec(text); hit; hit = breaks.exec(text)) {
      this.#take(this.#line + text.slice(from, hit.index));
      this.#line = "";
      from = breaks.lastIndex;
      if (hit[0] === "\r" && from === text.length) this.#afterCr = true;
    }
    this.#line += text.slice(from);
    this.#guard(this.#line.length);
  }

  #guard(extra: number): void {
    if (this.#size + extra > MAX_EVENT_CHARS) throw new Error("event too large");
  }

  #take(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") {
      this.#guard(value.length);
      this.#size += value.length;
      this.#data.push(value);
    } else if (field === "event") {
      this.#event = value;
    } else if (field === "id" && !value.includes("\0")) {
      this.#lastId = value;
    }
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event || "message";
    this.#data = [];
    this.#event = "";
    this.#size = 0;
    if (data.length > 0) this.#emit({ event, data: data.join("\n"), id: this.#lastId });
  }
}

/* Feeds a response body through the parser. Returns when the body ends; throws when the connection breaks. */
export async function readEvents(body: ReadableStream<Uint8Array>, emit: (event: SseEvent) => void): Promise<void> {
  const parser = new SseParser(emit);
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parser.push(decoder.decode(value, { stream: true }));
    }
    parser.push(decoder.decode());
  } finally {
    reader.releaseLock();
  }
}
