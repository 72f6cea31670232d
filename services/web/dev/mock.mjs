/* A pretended Grove server for working on the web app without daemons. It keeps everything in memory and speaks the
 * same routes. Words in a message choose what happens, so that every state can be seen:
 *   "slow" streams slowly · "fail" breaks off in the middle · "drop" cuts the connection (the run goes on) ·
 *   "refuse" 422 rejected key · "limit" 429 · "down" 502 · "silent" answers nothing for a while · "moved" 409
 * Scenarios are set with POST /api/_mock {scenario}: fresh, demo, session-only, unauthenticated, broken. */

import { randomUUID } from "node:crypto";
import { answerFor } from "./answers.mjs";
import { seed } from "./seed.mjs";

/* As the server: four characters, and nothing of a short key. */
const preview = (key) => (key.length < 20 ? "" : key.slice(-4));
const now = () => new Date().toISOString();

function refuse(response, status, code, message, details) {
  response.writeHead(status, { "Content-Type": "application/json", "X-Request-Id": randomUUID() });
  response.end(JSON.stringify({ error: { type: "grove_error", code, message, ...(details ? { details } : {}) } }));
}

function reply(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const text = Buffer.concat(pieces).toString("utf8");
  return text === "" ? {} : JSON.parse(text);
}

function pathTo(state, leafId) {
  const path = [];
  for (let node = state.messages.get(leafId); node; node = state.messages.get(node.parentId)) path.unshift(node);
  return path;
}

function publicMessage(state, node) {
  const siblings = [...state.messages.values()].filter((one) => one.conversationId === node.conversationId && one.parentId === node.parentId);
  const { conversationId: _, ...rest } = node;
  return { ...rest, siblings: { index: siblings.indexOf(node), count: siblings.length, ids: siblings.map((one) => one.id) } };
}

/* A run: numbered events in a buffer, viewers that follow. */
class Run {
  constructor(state, answer, text, options) {
    Object.assign(this, { id: randomUUID(), events: [], viewers: new Set(), status: "running", answer, options, state });
    answer.runId = this.id;
    this.pieces = text.match(/\S+\s*|\s+/g) ?? [];
    this.add({ grove: { runId: this.id, conversationId: answer.conversationId, branchId: answer.branchId, userMessageId: answer.parentId, assistantMessageId: answer.id } });
    this.timer = setTimeout(() => this.next(), options.firstDelay);
  }

  add(fields, event) {
    const seq = this.events.length + 1;
    const data = fields === "[DONE]" ? fields : JSON.stringify(event ? fields : { id: this.id, object: "chat.completion.chunk", model: this.answer.model, choices: [], ...fields });
    const frame = `${event ? `event: ${event}\n` : ""}id: ${seq}\ndata: ${data}\n\n`;
    this.events.push(frame);
    for (const viewer of this.viewers) viewer.write(frame);
  }

  next() {
    const piece = this.pieces.shift();
    const { options } = this;
    if (options.failAfter !== undefined && this.answer.content.length > options.failAfter) {
      this.answer.status = "failed";
      this.add({ error: { type: "provider", code: "provider_error", message: "The provider closed the stream.", details: { status: 502 } } }, "error");
      return this.finish("failed");
    }
    if (options.dropAfter !== undefined && this.answer.content.length > options.dropAfter) {
      options.dropAfter = undefined;
      for (const viewer of this.viewers) viewer.destroy();
      this.viewers.clear();
    }
    if (piece === undefined) {
      this.add({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
      const completion = Math.ceil(this.answer.content.length / 4);
      const usage = { prompt_tokens: 412, completion_tokens: completion, total_tokens: 412 + completion, cost: 0.00021 + completion * 0.0000006, estimated: false };
      this.answer.usage = { promptTokens: 412, completionTokens: completion, cost: usage.cost, estimated: false };
      this.add({ usage });
      return this.finish("completed");
    }
    this.answer.content += piece;
    this.add({ choices: [{ index: 0, delta: { content: piece } }] });
    this.timer = setTimeout(() => this.next(), options.delay);
  }

  finish(status) {
    clearTimeout(this.timer);
    if (this.status !== "running") return;
    this.status = status;
    this.answer.status = status;
    this.add("[DONE]");
    for (const viewer of this.viewers) viewer.end();
    this.viewers.clear();
  }

  watch(response, after) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Run-Id": this.id, "X-Accel-Buffering": "no" });
    for (const frame of this.events.slice(after)) response.write(frame);
    if (this.status !== "running") return response.end();
    this.viewers.add(response);
    response.on("close", () => this.viewers.delete(response));
  }
}

function complete(state, body, request, response) {
  const conversation = state.conversations.get(body.conversationId);
  if (!conversation) return refuse(response, 404, "not_found", "No such conversation.");
  const text = body.messages?.[0]?.content ?? "";
  const asked = body.regenerate ? (state.messages.get(state.messages.get(body.regenerate)?.parentId)?.content ?? "") : text;
  const usable = new Set([...state.keys.map((key) => key.provider), ...(request.headers["x-session-key"] ? [state.sessionKeys.get(request.headers["x-session-key"])] : [])]);
  if (usable.size === 0) return refuse(response, 403, "byok_required", "Add a key first.");
  if (!usable.has(body.provider)) return refuse(response, 422, "provider_mismatch", "No key for this provider.", { provider: body.provider, choices: [...usable] });
  if (/\brefuse\b/.test(asked)) return refuse(response, 422, "provider_key_rejected", "Incorrect API key provided.", { provider: body.provider });
  if (/\blimit\b/.test(asked)) {
    response.setHeader("Retry-After", "42");
    return refuse(response, 429, "rate_limited", "Too many requests.");
  }
  if (/\bdown\b/.test(asked)) return refuse(response, 502, "provider_error", "The provider failed.", { status: 503 });
  if (/\bmoved\b/.test(asked)) return refuse(response, 409, "leaf_moved", "The leaf moved.", { leaf: conversation.leaf });

  let parentId = body.parentMessageId ?? conversation.leaf ?? null;
  if (body.regenerate) parentId = state.messages.get(body.regenerate).parentId;
  else {
    const user = { id: body.messageId ?? randomUUID(), conversationId: conversation.id, parentId, branchId: conversation.rootBranchId, role: "user", content: text, createdAt: now(), status: "completed", model: null, provider: null, usage: null };
    state.messages.set(user.id, user);
    parentId = user.id;
  }
  const answer = { id: randomUUID(), conversationId: conversation.id, parentId, branchId: conversation.rootBranchId, role: "assistant", content: "", createdAt: now(), status: "running", model: body.model, provider: body.provider, usage: null, runId: null };
  state.messages.set(answer.id, answer);
  conversation.leaf = answer.id;
  conversation.lastActiveAt = now();
  const run = new Run(state, answer, answerFor(asked), {
    firstDelay: /\bsilent\b/.test(asked) ? 20000 : 350,
    delay: /\bslow\b/.test(asked) ? 120 : 14,
    failAfter: /\bfail\b/.test(asked) ? 160 : undefined,
    dropAfter: /\bdrop\b/.test(asked) ? 160 : undefined,
  });
  state.runs.set(run.id, run);
  run.watch(response, 0);
}

const routes = [
  ["GET", "/api/session", (s, _, __, response) => (s.scenario === "unauthenticated" ? refuse(response, 401, "unauthenticated", "No identity.") : reply(response, 200, s.session))],
  ["GET", "/api/models", (s, _, __, response) => reply(response, 200, { object: "list", data: s.models })],
  ["GET", "/api/api-keys", (s, _, __, response) => reply(response, 200, { items: s.keys, nextCursor: null })],
  ["POST", "/api/api-keys", (s, _, body, response) => {
    if (s.session.byok.persistence === "session-only") return refuse(response, 409, "byok_persistence_disabled", "Saving keys is off.");
    if (/192\.168|10\.0/.test(body.baseUrl ?? "")) return refuse(response, 422, "provider_address_forbidden", "Private address.");
    if (/bad/.test(body.key)) return refuse(response, 400, "invalid_request", "key: must be printable ASCII.");
    const key = { id: randomUUID(), provider: body.provider, keyName: body.keyName, keyPreview: preview(body.key), baseUrl: body.baseUrl ?? null, active: true, createdAt: now() };
    s.keys.push(key);
    reply(response, 201, key);
  }],
  ["DELETE", "/api/api-keys/:id", (s, [id], __, response) => {
    s.keys = s.keys.filter((key) => key.id !== id);
    reply(response, 204);
  }],
  ["POST", "/api/api-keys/session", (s, _, body, response) => {
    const handle = randomUUID();
    s.sessionKeys.set(handle, body.provider);
    reply(response, 201, { handle, provider: body.provider, keyPreview: preview(body.key), expiresAt: now() });
  }],
  ["DELETE", "/api/api-keys/session/:id", (s, [id], __, response) => {
    s.sessionKeys.delete(id);
    reply(response, 204);
  }],
  ["GET", "/api/tokens", (s, _, __, response) => reply(response, 200, { items: s.tokens, nextCursor: null })],
  ["POST", "/api/tokens", (s, _, body, response) => {
    const token = { id: randomUUID(), name: body.name, scopes: body.scopes, expiresAt: body.expiresAt ?? null, createdAt: now() };
    s.tokens.unshift(token);
    reply(response, 201, { ...token, token: `grove_k3m9x2p7q1z8_${"8fJq2LxW0vTnR5yB7cHdK1mPzSgA4eUiOa9Xo6QbNtE"}h2k8Qd` });
  }],
  ["DELETE", "/api/tokens/:id", (s, [id], __, response) => {
    s.tokens = s.tokens.filter((token) => token.id !== id);
    reply(response, 204);
  }],
  ["GET", "/api/conversations", (s, _, __, response, url) => {
    const all = [...s.conversations.values()].sort((a, b) => b.lastActiveAt.localeCompare(a.lastActiveAt));
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const limit = Number(url.searchParams.get("limit") ?? 50);
    reply(response, 200, { items: all.slice(from, from + limit), nextCursor: from + limit < all.length ? String(from + limit) : null });
  }],
  ["POST", "/api/conversations", (s, _, body, response) => {
    const conversation = { id: randomUUID(), title: body.title ?? null, rootBranchId: randomUUID(), createdAt: now(), lastActiveAt: now(), archived: false, starred: false, leaf: null };
    s.conversations.set(conversation.id, conversation);
    reply(response, 201, conversation);
  }],
  ["GET", "/api/conversations/:id", (s, [id], __, response) => (s.conversations.has(id) ? reply(response, 200, s.conversations.get(id)) : refuse(response, 404, "not_found", "No such conversation."))],
  ["PATCH", "/api/conversations/:id", (s, [id], body, response) => {
    Object.assign(s.conversations.get(id), body);
    reply(response, 200, s.conversations.get(id));
  }],
  ["DELETE", "/api/conversations/:id", (s, [id], __, response) => {
    s.conversations.delete(id);
    reply(response, 204);
  }],
  ["GET", "/api/conversations/:id/branches/:id/messages", (s, [id], __, response, url) => {
    const path = pathTo(s, s.conversations.get(id)?.leaf);
    const before = url.searchParams.get("before");
    const end = before === null ? path.length : Number(before);
    const start = Math.max(0, end - Number(url.searchParams.get("limit") ?? 40));
    reply(response, 200, { items: path.slice(start, end).map((node) => publicMessage(s, node)).reverse(), nextCursor: start > 0 ? String(start) : null });
  }],
  ["POST", "/api/chat/completions", (s, _, body, response, __, request) => complete(s, body, request, response)],
  ["GET", "/api/chat/runs/:id", (s, [id], __, response) => (s.runs.has(id) ? reply(response, 200, { status: s.runs.get(id).status, lastSeq: s.runs.get(id).events.length }) : refuse(response, 404, "not_found", "No such run."))],
  ["GET", "/api/chat/runs/:id/events", (s, [id], __, response, url) => (s.runs.has(id) ? s.runs.get(id).watch(response, Number(url.searchParams.get("after") ?? 0)) : refuse(response, 404, "not_found", "No such run."))],
  ["POST", "/api/chat/runs/:id/stop", (s, [id], __, response) => {
    s.runs.get(id)?.finish("stopped");
    reply(response, 200, { status: "stopped" });
  }],
].map(([method, pattern, handle]) => ({ method, handle, match: new RegExp(`^${pattern.replace(/:id/g, "([^/]+)")}$`) }));

export function createMock(scenario = process.env.GROVE_MOCK ?? "demo") {
  let state = seed(scenario);
  return async function handle(request, response) {
    const url = new URL(request.url, "http://localhost");
    try {
      const body = request.method === "GET" ? {} : await bodyOf(request);
      if (url.pathname === "/api/_mock") {
        state = seed(body.scenario);
        return reply(response, 200, {});
      }
      if (state.scenario === "broken") return refuse(response, 503, "unavailable", "Starting.");
      if (request.method !== "GET" && request.headers["x-grove-csrf"] !== state.session.csrfToken) return refuse(response, 403, "csrf_failed", "Wrong token.");
      for (const route of routes) {
        const hit = route.method === request.method && route.match.exec(url.pathname);
        if (hit) return await route.handle(state, hit.slice(1), body, response, url, request);
      }
      refuse(response, 404, "not_found", "No such route.");
    } catch (error) {
      console.error(error);
      if (!response.headersSent) refuse(response, 500, "internal", String(error));
    }
  };
}
