/* The one place that talks to /api: adds the CSRF token, turns every refusal into an ApiError, and asks for
 * a fresh CSRF token once when the old one is refused (the server was restarted, the person signed in anew). */

import { ApiError, errorFromResponse, networkError } from "./errors";

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

let csrfToken = "";
let renewCsrf: (() => Promise<void>) | null = null;
let onUnauthenticated: (() => void) | null = null;

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function onSessionTrouble(handlers: { renew: () => Promise<void>; unauthenticated: () => void }): void {
  renewCsrf = handlers.renew;
  onUnauthenticated = handlers.unauthenticated;
}

async function send(method: Method, path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (options.signal) init.signal = options.signal;
  if (method !== "GET") {
    headers["X-Grove-CSRF"] = csrfToken;
    headers["Content-Type"] = "application/json";
    if (options.body !== undefined) init.body = JSON.stringify(options.body);
  }
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw networkError(cause);
  }
}

/* The raw answer, for streams; throws for every status that is not 2xx. */
export async function callRaw(method: Method, path: string, options: CallOptions = {}): Promise<Response> {
  let response = await send(method, path, options);
  if (response.status === 403 && method !== "GET" && renewCsrf) {
    const error = await errorFromResponse(response);
    if (error.code !== "csrf_failed") throw error;
    await renewCsrf();
    response = await send(method, path, options);
  }
  if (response.ok) return response;
  const error = await errorFromResponse(response);
  if (error.status === 401) onUnauthenticated?.();
  throw error;
}

export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const response = await callRaw(method, path, options);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, { code: "unexpected", message: "The answer was not readable." });
  }
}
