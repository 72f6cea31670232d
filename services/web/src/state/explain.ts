/* Every code of the server in words a person can use: what happened, and what to do next. */

import type { ApiError } from "../api/errors";
import type { Provider } from "../api/types";
import { aProvider, isProvider, providerName } from "./providers";

export type Remedy = "retry" | "keys" | "model" | "reload" | "none";

export interface Explanation {
  title: string;
  hint: string;
  remedy: Remedy;
}

type Writer = (error: ApiError) => Explanation;

const wait = (error: ApiError): string => {
  const at = error.details.resetsAt;
  if (typeof at === "string" && !Number.isNaN(Date.parse(at))) {
    return `It opens again at ${new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}.`;
  }
  if (error.retryAfter) return `Try again in ${error.retryAfter < 90 ? `${error.retryAfter} seconds` : `${Math.ceil(error.retryAfter / 60)} minutes`}.`;
  return "Wait a moment, then try again.";
};

const theProvider = (error: ApiError): string => {
  const provider = error.details.provider;
  return isProvider(provider) ? providerName(provider) : "The provider";
};

const say = (title: string, hint: string, remedy: Remedy = "retry"): Writer => () => ({ title, hint, remedy });

const byCode: Record<string, Writer> = {
  network: say("Grove cannot be reached", "Check that it is running and that this device is online, then try again."),
  unexpected: (error) => ({ title: "Something unexpected happened", hint: `${error.message} Try again; if it stays, look at the server's log.`, remedy: "retry" }),
  invalid_json: say("The server did not understand the app", "Reload the page: the app may be older than the server.", "reload"),
  invalid_request: (error) => ({ title: "The server refused this", hint: error.message, remedy: "none" }),
  invalid_anchor: say("That place in the text is gone", "Select the words again.", "none"),
  unauthenticated: say("You are signed out", "Reload the page to sign in again. Copy your draft first.", "reload"),
  forbidden: say("You may not do this", "Ask the person who runs this Grove.", "none"),
  csrf_failed: say("This page has gone stale", "Reload it, then try again.", "reload"),
  byok_required: say("A key is needed first", "Add a provider key, or point Grove at a model on your own machine.", "keys"),
  tier_forbids: say("Your tier does not include this", "Ask the person who runs this Grove.", "none"),
  ephemeral_needs_key: say("Ephemeral chats need your own key", "Add one, then send again.", "keys"),
  not_found: say("This is not here any more", "It may have been deleted in another tab.", "none"),
  method_not_allowed: say("The server did not understand the app", "Reload the page: the app may be older than the server.", "reload"),
  leaf_moved: say("This chat moved on elsewhere", "The newest messages are loaded now. Read them, then send again.", "none"),
  byok_persistence_disabled: say("Keys cannot be saved here", "Add a key for this visit instead.", "keys"),
  conflict: say("Somebody else changed this first", "Reload to see the newest state, then try again.", "reload"),
  already_finished: say("The answer had already finished", "Nothing was lost.", "none"),
  too_large: say("This is too long", "Shorten the message or start a new chat, then send again.", "none"),
  provider_mismatch: say("This model needs another key", "Switch to a model of a provider you have a key for, or add a key.", "model"),
  provider_key_rejected: (error) => ({ title: `${theProvider(error)} did not accept the key`, hint: "It may be mistyped, revoked or out of credit. Replace it, then send again.", remedy: "keys" }),
  provider_refused: (error) => ({ title: `${theProvider(error)} refused the request`, hint: error.message, remedy: "model" }),
  provider_address_forbidden: say(
    "This address is not allowed",
    "Private addresses must be listed in UPSTREAM_LOCAL_ALLOW on the server (127.0.0.1:11434 is, by default).",
    "none",
  ),
  model_unknown: say("The provider does not know this model", "Pick another model, or check how its name is spelled.", "model"),
  rate_limited: (error) => ({ title: "Too many requests", hint: wait(error), remedy: "retry" }),
  budget_exhausted: (error) => ({ title: "The budget of this key is used up", hint: `Raise it, use another key, or wait. ${wait(error)}`, remedy: "keys" }),
  keys_exhausted: (error) => ({ title: "No key has room left", hint: `All of your keys are at a limit or out of credit. ${wait(error)}`, remedy: "keys" }),
  tier_limit: (error) => ({ title: "You reached a limit of your tier", hint: wait(error), remedy: "none" }),
  provider_error: (error) => {
    const status = error.details.status;
    return { title: "The provider had a problem", hint: `It answered ${typeof status === "number" ? status : "with an error"}. Try again, or pick another model.`, remedy: "retry" };
  },
  provider_timeout: say("The provider did not answer in time", "Try again, or pick another model."),
  unavailable: say("Grove is starting or restarting", "Wait a few seconds, then try again."),
  vm_unavailable: (error) => ({ title: "Browser VMs are not available here", hint: error.message, remedy: "none" }),
};

export const explainedCodes: readonly string[] = Object.keys(byCode);

export function explain(error: ApiError): Explanation {
  const writer = byCode[error.code];
  if (writer) return writer(error);
  if (error.status >= 500) return byCode.unavailable!(error);
  return { title: "That did not work", hint: error.message, remedy: error.status === 0 ? "retry" : "none" };
}

export function explainMissingKey(wants: Provider | null): string {
  const key = wants && wants !== "openai-compatible" ? ` The chosen model needs ${aProvider(wants)} key.` : "";
  return `Before the first message, Grove needs a key of yours or the address of a model on your own machine.${key} Your draft is kept.`;
}
