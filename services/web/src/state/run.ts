/* Following one answer: reads its events, survives a broken connection by attaching again after the last event it has
 * seen, and leaves the node in the state the server says. */

import { signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { ApiError, asApiError, networkError } from "../api/errors";
import type { RunStatus } from "../api/types";
import { type RunUpdate, readUpdate } from "../stream/chunks";
import { readEvents } from "../stream/sse";
import { touchConversation } from "./conversations";
import { type Node, growText, patch, settleText } from "./node";
import type { ActiveRun, Thread } from "./thread";
import { announce } from "./toasts";

const MAX_ATTEMPTS = 8;
/* How often text reaches the page. A long open block costs more to draw, so it is drawn less often. */
const frameMs = (tail: number): number => Math.min(500, Math.max(40, tail / 60));

/* Collects text and hands it to the node at most once per frame. */
class TextFlow {
  #text = "";
  #timer: ReturnType<typeof setTimeout> | null = null;
  constructor(private readonly node: Node) {}

  push(text: string): void {
    this.#text += text;
    this.#timer ??= setTimeout(() => this.flush(), frameMs(this.node.value.blocks.tail.length));
  }

  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    growText(this.node, text);
  }
}

interface Outcome {
  ended: boolean;
  finished: boolean;
  error: ApiError | null;
}

function pause(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(8000, 400 * 2 ** attempt));
    window.addEventListener("online", done);
    signal.addEventListener("abort", done, { once: true });
  });
}

class Follower {
  #after = 0;
  readonly #flow: TextFlow;
  readonly #outcome: Outcome = { ended: false, finished: false, error: null };

  constructor(
    private readonly thread: Thread,
    private readonly run: ActiveRun,
  ) {
    this.#flow = new TextFlow(run.node);
  }

  get #node(): Node {
    return this.run.node;
  }

  #name(runId: string): void {
    if (this.run.runId === runId) return;
    this.run.runId = runId;
    patch(this.#node, { runId });
    /* Stop was pressed before the run had a name. */
    if (this.run.stopping.value) api.stopRun(runId).catch(() => undefined);
  }

  #apply(update: RunUpdate): void {
    if (update.seq !== null) {
      if (update.seq <= this.#after) return;
      this.#after = update.seq;
    }
    if (update.ids) {
      if (update.ids.branchId) this.thread.branchId = update.ids.branchId;
      if (update.ids.assistantMessageId) this.thread.rename(this.#node, update.ids.assistantMessageId);
      this.#name(update.ids.runId);
    }
    if (update.reasoning) patch(this.#node, { reasoning: this.#node.value.reasoning + update.reasoning });
    if (update.text) this.#flow.push(update.text);
    if (update.model && !this.#node.value.model) patch(this.#node, { model: update.model });
    if (update.usage) patch(this.#node, { usage: update.usage });
    if (update.finishReason) this.#outcome.finished = true;
    if (update.error) this.#outcome.error = update.error;
    if (update.done) this.#outcome.ended = true;
  }

  /* Reads until the end or until the connection breaks. */
  async #read(response: Response): Promise<void> {
    const run = response.headers.get("X-Run-Id");
    if (run) this.#name(run);
    if (!response.body) return;
    if (this.#node.value.connection !== "live") patch(this.#node, { connection: "live" });
    await readEvents(response.body, (event) => {
      const update = readUpdate(event);
      if (update) this.#apply(update);
    });
  }

  /* `first` is the answer to the send, or null to attach to a run that is already going. */
  async follow(first: Response | null): Promise<void> {
    const { signal } = this.run.abort;
    let response = first;
    for (let attempt = 0; !signal.aborted; ) {
      const seen = this.#after;
      try {
        response ??= await api.runEvents(this.run.runId!, this.#after, signal);
        if (first === null && this.#after === 0) patch(this.#node, { text: "", blocks: { done: [], tail: "" }, reasoning: "" });
        await this.#read(response);
      } catch (cause) {
        const error = asApiError(cause);
        if (error.status >= 400 && error.status < 500 && error.status !== 429) return this.#lost(error);
      }
      this.#flow.flush();
      response = null;
      if (this.#outcome.ended || this.#outcome.error || signal.aborted) break;
      if (!this.run.runId) return this.#end("interrupted", networkError("connection lost before the run had a name"));
      attempt = this.#after > seen ? 0 : attempt + 1;
      if (attempt > MAX_ATTEMPTS) return this.#lost(networkError("gave up after many tries"));
      patch(this.#node, { connection: "reconnecting" });
      await pause(attempt, signal);
    }
    await this.#conclude();
  }

  async #conclude(): Promise<void> {
    const { error, finished } = this.#outcome;
    if (error) return this.#end("failed", error);
    if (this.run.stopping.value) return this.#end("stopped", null);
    if (finished || !this.run.runId) return this.#end("completed", null);
    const known = await api.run(this.run.runId).catch(() => null);
    this.#end(known && known.status !== "running" ? known.status : "completed", null);
  }

  /* The run is gone (its daemon was restarted) or refuses us: what was stored is the truth. */
  async #lost(error: ApiError): Promise<void> {
    this.#flow.flush();
    patch(this.#node, { connection: "lost" });
    this.#end("interrupted", error.status === 404 ? null : error);
    if (error.status === 404) await this.thread.load();
  }

  #end(status: RunStatus, error: ApiError | null): void {
    this.#flow.flush();
    settleText(this.#node);
    patch(this.#node, { status, error, connection: "live" });
    if (this.thread.run.value === this.run) this.thread.run.value = null;
    const id = this.thread.conversationId.value;
    if (id) touchConversation(id);
    /* Only that it is there: the words themselves are in the log, once. */
    const words = this.#node.value.text.split(/\s+/).filter(Boolean).length;
    announce(status === "completed" ? `Answer finished, ${words} words.` : status === "stopped" ? "Answer stopped." : "The answer broke off.");
  }
}

export function followRun(thread: Thread, run: ActiveRun, first: Response | null): Promise<void> {
  return new Follower(thread, run).follow(first);
}

/* Attaches to an answer that was already running when the page was loaded. */
export function attach(thread: Thread, node: Node): void {
  const { runId, status } = node.value;
  if (status !== "running" || !runId || thread.run.value) return;
  const run: ActiveRun = { node, runId, abort: new AbortController(), stopping: signal(false) };
  thread.run.value = run;
  void followRun(thread, run, null);
}

/* The server closes the stream when it has stopped; should it not, we stop listening after a moment. */
const STOP_PATIENCE_MS = 4000;

export async function stopRun(thread: Thread): Promise<void> {
  const run = thread.run.value;
  if (!run || run.stopping.value) return;
  run.stopping.value = true;
  if (!run.runId) return; /* the follower stops it as soon as it has a name */
  const timer = setTimeout(() => run.abort.abort(), STOP_PATIENCE_MS);
  try {
    await api.stopRun(run.runId);
  } catch (error) {
    const known = asApiError(error);
    if (known.code !== "already_finished" && known.status !== 404) {
      clearTimeout(timer);
      run.stopping.value = false;
      throw known;
    }
  }
}
