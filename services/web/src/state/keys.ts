/* The person's provider keys. Saved ones live sealed on the server; session keys live in the server's memory, and what
 * points at them (the handle) lives only in this module: a reload forgets it. */

import { computed, signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { ApiKey, NewKey, Provider, SessionKey } from "../api/types";
import { providerName } from "./providers";
import { session, sessionOnlyKeys } from "./session";

export const savedKeys = signal<readonly ApiKey[]>([]);
export const sessionKeys = signal<readonly SessionKey[]>([]);
export const keysError = signal<ApiError | null>(null);
export const keysLoaded = signal(false);

export const usableProviders = computed<ReadonlySet<Provider>>(
  () =>
    new Set([
      ...sessionKeys.value.map((key) => key.provider),
      ...savedKeys.value.filter((key) => key.active !== false).map((key) => key.provider),
    ]),
);

/* What a local server without a key is given, since the API wants one. */
export const NO_KEY = "none";

/* The last four characters, as shown everywhere. The server shows nothing of a short key, and "none" is no key. */
export function keyTail(provider: Provider, preview: string): string {
  const last = preview.slice(-4);
  return last === "" || (provider === "openai-compatible" && last === NO_KEY) ? "" : `••••${last}`;
}

/* The key that a message to this provider will be sent with, as far as the page knows. */
export function keyFor(provider: Provider): { preview: string; kept: "memory" | "sealed" } | null {
  const memory = sessionKeys.value.find((key) => key.provider === provider);
  if (memory) return { preview: memory.keyPreview, kept: "memory" };
  const saved = savedKeys.value.find((key) => key.provider === provider && key.active !== false);
  return saved ? { preview: saved.keyPreview, kept: "sealed" } : null;
}

export function sessionHandleFor(provider: Provider | null): string | null {
  const own = sessionKeys.value.find((key) => key.provider === provider);
  return own?.handle ?? null;
}

export async function loadKeys(): Promise<void> {
  try {
    savedKeys.value = (await api.keys()).items;
    keysError.value = null;
  } catch (error) {
    keysError.value = asApiError(error);
  } finally {
    keysLoaded.value = true;
  }
}

async function addSession(key: NewKey): Promise<void> {
  const added = await api.addSessionKey({ provider: key.provider, key: key.key, ...(key.baseUrl ? { baseUrl: key.baseUrl } : {}) });
  const replaced = sessionKeys.value.filter((one) => one.provider === added.provider);
  sessionKeys.value = [added, ...sessionKeys.value.filter((one) => one.provider !== added.provider)];
  for (const old of replaced) api.deleteSessionKey(old.handle).catch(() => undefined);
}

export async function addKey(key: NewKey): Promise<void> {
  if (sessionOnlyKeys.value) return addSession(key);
  try {
    const added = await api.addKey({ ...key, keyName: key.keyName || providerName(key.provider) });
    savedKeys.value = [...savedKeys.value, added];
  } catch (error) {
    /* The server lost its key secret since the page was loaded: believe it, and use memory instead. */
    if (asApiError(error).code !== "byok_persistence_disabled" || !session.value) throw error;
    session.value = { ...session.value, byok: { persistence: "session-only" } };
    return addSession(key);
  }
}

export async function removeKey(id: string): Promise<void> {
  await api.deleteKey(id);
  savedKeys.value = savedKeys.value.filter((key) => key.id !== id);
}

export async function removeSessionKey(handle: string): Promise<void> {
  try {
    await api.deleteSessionKey(handle);
  } catch (error) {
    if (asApiError(error).status !== 404) throw error;
  }
  forgetSessionKey(handle);
}

/* The server no longer knows a handle (restart, expiry): neither do we. */
export function forgetSessionKey(handle: string): void {
  sessionKeys.value = sessionKeys.value.filter((key) => key.handle !== handle);
}
