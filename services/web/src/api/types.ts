/* What the server says and takes. docs/api/openapi.yaml is the authority; these are the parts the app uses. */

export type Provider = "openai" | "anthropic" | "google" | "openrouter" | "openai-compatible";

export interface User {
  id: string;
  email: string | null;
  displayName: string | null;
  role: "owner" | "admin" | "user";
  tier: "free" | "plus" | "pro" | "enterprise";
}

export interface Session {
  user: User | null;
  auth: { mode: "off" | "access" | "password"; required: boolean };
  csrfToken: string;
  byok: { persistence: "encrypted" | "session-only" };
  features: Record<string, unknown>;
  version: string;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface ApiKey {
  id: string;
  provider: Provider;
  keyName: string | null;
  keyPreview: string;
  active: boolean;
  baseUrl?: string | null;
  createdAt?: string;
}

export interface NewKey {
  provider: Provider;
  key: string;
  keyName?: string;
  baseUrl?: string;
}

export interface SessionKey {
  handle: string;
  provider: Provider;
  keyPreview: string;
  expiresAt: string;
}

export interface Model {
  id: string;
  provider: Provider;
  name?: string;
  contextWindow?: number | null;
  maxOutput?: number | null;
  price?: { input: number | null; output: number | null; cachedInput?: number | null } | null;
  capabilities?: string[] | Record<string, boolean> | null;
  keyAvailable?: boolean;
}

export type TokenScope = "chat" | "conversations" | "keys" | "mcp" | "cli";

export interface Token {
  id: string;
  name: string;
  scopes: TokenScope[];
  expiresAt: string | null;
  createdAt?: string;
  lastUsedAt?: string | null;
}

export interface NewToken extends Token {
  token: string;
}

export interface Conversation {
  id: string;
  title: string | null;
  rootBranchId: string;
  activeBranchId?: string | null;
  createdAt: string;
  lastActiveAt?: string | null;
  archived?: boolean;
  starred?: boolean;
}

export type RunStatus = "running" | "completed" | "stopped" | "interrupted" | "failed";

export interface Usage {
  promptTokens: number | null;
  completionTokens: number | null;
  cost: number | null;
  estimated: boolean;
}

export interface Message {
  id: string;
  parentId: string | null;
  branchId: string;
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  createdAt: string;
  status: RunStatus;
  model?: string | null;
  provider?: Provider | null;
  usage?: unknown;
  siblings?: { index: number; count: number; ids: string[] } | null;
  runId?: string | null;
}

export interface ChatRequest {
  model: string;
  provider?: Provider;
  conversationId: string;
  branchId?: string;
  messageId?: string;
  parentMessageId?: string | null;
  expectedLeafId?: string;
  regenerate?: string;
  messages?: { role: "user"; content: string }[];
}
