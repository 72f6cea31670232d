/* Names and habits of the providers a key can belong to. */

import type { Provider, Session } from "../api/types";

interface ProviderInfo {
  name: string;
  keyHint: string;
  where: string | null;
}

const known: Record<Provider, ProviderInfo> = {
  openai: { name: "OpenAI", keyHint: "sk-…", where: "platform.openai.com → API keys" },
  openrouter: { name: "OpenRouter", keyHint: "sk-or-…", where: "openrouter.ai → Keys" },
  anthropic: { name: "Anthropic", keyHint: "sk-ant-…", where: "console.anthropic.com → API keys" },
  google: { name: "Google Gemini", keyHint: "AIza…", where: "aistudio.google.com → API keys" },
  "openai-compatible": { name: "Local or compatible", keyHint: "", where: null },
};

const offeredNow: Provider[] = ["openai", "openrouter", "openai-compatible"];

export function isProvider(value: unknown): value is Provider {
  return typeof value === "string" && value in known;
}

export const providerName = (provider: Provider | null | undefined): string =>
  provider ? (known[provider]?.name ?? provider) : "Unknown provider";

/* With its article, for sentences. */
export const aProvider = (provider: Provider): string =>
  provider === "openai-compatible" ? "a local or compatible" : `${/^[AEIO]/.test(providerName(provider)) ? "an" : "a"} ${providerName(provider)}`;

export const providerInfo = (provider: Provider): ProviderInfo => known[provider];

export function offeredProviders(session: Session | null): Provider[] {
  const listed = session?.features?.providers;
  if (!Array.isArray(listed)) return offeredNow;
  const names = listed.map((one) => (typeof one === "object" && one !== null ? (one as { id?: unknown }).id : one)).filter(isProvider);
  return names.length > 0 ? names : offeredNow;
}
