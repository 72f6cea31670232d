/* The models the server knows, and the one the next message goes to. */

import { computed, signal } from "@preact/signals";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { Model, Provider } from "../api/types";
import { sessionKeys, usableProviders } from "./keys";
import { isProvider } from "./providers";

export interface ModelChoice {
  id: string;
  provider: Provider;
}

const KEY = "grove.model";

export const models = signal<readonly Model[]>([]);
export const modelsError = signal<ApiError | null>(null);
export const modelsLoaded = signal(false);

function stored(): ModelChoice | null {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<ModelChoice> | null;
    return value && typeof value.id === "string" && isProvider(value.provider) ? { id: value.id, provider: value.provider } : null;
  } catch {
    return null;
  }
}

/* What the person picked; null until they did. */
export const picked = signal<ModelChoice | null>(typeof localStorage === "undefined" ? null : stored());

/* Providers with a usable key first, each provider's models together, otherwise as the server listed them. */
export function orderModels(list: readonly Model[], usable: ReadonlySet<Provider>): Model[] {
  const providers = [...new Set(list.map((model) => model.provider))];
  const rank = (provider: Provider) => (usable.has(provider) ? 0 : providers.length) + providers.indexOf(provider);
  return [...list].sort((a, b) => rank(a.provider) - rank(b.provider));
}

export const orderedModels = computed(() => orderModels(models.value, usableProviders.value));

/* What the next message goes to: the pick, else the first model a key exists for, else the first at all. */
export const choice = computed<ModelChoice | null>(() => {
  if (picked.value) return picked.value;
  const first = orderedModels.value[0];
  return first ? { id: first.id, provider: first.provider } : null;
});

export function pickModel(model: ModelChoice): void {
  picked.value = { id: model.id, provider: model.provider };
  try {
    localStorage.setItem(KEY, JSON.stringify(picked.value));
  } catch {
    /* remembered for this page only */
  }
}

/* Ids may come as provider/model; people read the model. */
export function modelLabel(id: string, provider?: Provider | null): string {
  const known = models.value.find((model) => model.id === id && (!provider || model.provider === provider));
  if (known?.name) return known.name;
  return provider && id.startsWith(`${provider}/`) ? id.slice(provider.length + 1) : id;
}

export async function loadModels(): Promise<void> {
  try {
    models.value = (await api.models(sessionKeys.value[0]?.handle ?? null)).data.filter((model) => isProvider(model.provider));
    modelsError.value = null;
  } catch (error) {
    modelsError.value = asApiError(error);
  } finally {
    modelsLoaded.value = true;
  }
}
