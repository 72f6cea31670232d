/* Every route the app uses, typed, one line each. */

import { call, callRaw } from "./http";
import type {
  ApiKey, ChatRequest, Conversation, Message, Model, NewKey, NewToken, Page, RunStatus, Session, SessionKey, Token, TokenScope,
} from "./types";

const id = encodeURIComponent;

function query(fields: Record<string, string | number | null | undefined>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : "";
}

export const api = {
  session: () => call<Session>("GET", "/api/session"),

  models: (sessionKey: string | null) =>
    call<{ data: Model[] }>("GET", "/api/models", sessionKey ? { headers: { "X-Session-Key": sessionKey } } : {}),

  keys: () => call<Page<ApiKey>>("GET", "/api/api-keys"),
  addKey: (key: NewKey & { keyName: string }) => call<ApiKey>("POST", "/api/api-keys", { body: key }),
  deleteKey: (key: string) => call<void>("DELETE", `/api/api-keys/${id(key)}`),
  addSessionKey: (key: NewKey) => call<SessionKey>("POST", "/api/api-keys/session", { body: key }),
  deleteSessionKey: (handle: string) => call<void>("DELETE", `/api/api-keys/session/${id(handle)}`),

  tokens: () => call<Page<Token>>("GET", "/api/tokens"),
  addToken: (token: { name: string; scopes: TokenScope[]; expiresAt?: string }) =>
    call<NewToken>("POST", "/api/tokens", { body: token }),
  deleteToken: (token: string) => call<void>("DELETE", `/api/tokens/${id(token)}`),

  conversations: (cursor?: string | null, limit = 50) =>
    call<Page<Conversation>>("GET", `/api/conversations${query({ cursor, limit })}`),
  conversation: (conversation: string) => call<Conversation>("GET", `/api/conversations/${id(conversation)}`),
  addConversation: (title: string) => call<Conversation>("POST", "/api/conversations", { body: { title } }),
  renameConversation: (conversation: string, title: string) =>
    call<Conversation>("PATCH", `/api/conversations/${id(conversation)}`, { body: { title } }),
  deleteConversation: (conversation: string) => call<void>("DELETE", `/api/conversations/${id(conversation)}`),

  messages: (conversation: string, branch: string, before?: string | null, limit = 40) =>
    call<Page<Message>>(
      "GET",
      `/api/conversations/${id(conversation)}/branches/${id(branch)}/messages${query({ before, limit })}`,
    ),

  chat: (request: ChatRequest, sessionKey: string | null, signal: AbortSignal) =>
    callRaw("POST", "/api/chat/completions", {
      body: { ...request, stream: true, stream_options: { include_usage: true } },
      headers: { Accept: "text/event-stream", ...(sessionKey ? { "X-Session-Key": sessionKey } : {}) },
      signal,
    }),
  runEvents: (run: string, after: number, signal: AbortSignal) =>
    callRaw("GET", `/api/chat/runs/${id(run)}/events${query({ after })}`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": String(after) },
      signal,
    }),
  run: (run: string) => call<{ status: RunStatus; lastSeq?: number }>("GET", `/api/chat/runs/${id(run)}`),
  stopRun: (run: string) => call<unknown>("POST", `/api/chat/runs/${id(run)}/stop`, { body: {} }),
};
