/* Who is here, and whether the server can be used at all. */

import { computed, signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import { onSessionTrouble, setCsrfToken } from "../api/http";
import type { Session } from "../api/types";

export const session = signal<Session | null>(null);
export const sessionError = signal<ApiError | null>(null);
export const signedOut = signal(false);

export const sessionOnlyKeys = computed(() => session.value?.byok.persistence === "session-only");
export const isLocal = computed(() => session.value?.auth.mode === "off");

export async function loadSession(): Promise<boolean> {
  try {
    const fresh = await api.session();
    setCsrfToken(fresh.csrfToken);
    session.value = fresh;
    sessionError.value = null;
    signedOut.value = fresh.user === null;
    return fresh.user !== null;
  } catch (error) {
    const known = asApiError(error);
    if (known.status === 401) signedOut.value = true;
    else sessionError.value = known;
    return false;
  }
}

onSessionTrouble({
  renew: async () => void (await loadSession()),
  unauthenticated: () => (signedOut.value = true),
});
