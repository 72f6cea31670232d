/* May this draft be sent, and if not, what is the shortest way to make it so? Pure: the screen is drawn from the verdict.
 * The draft is never sent by itself once a key appears: sending costs money and reveals text, so it stays the person's
 * own act, and the composer has the focus with the draft in it, one press of Enter away. */

import type { Model, Provider } from "../api/types";
import type { ModelChoice } from "./models";
import { isProvider } from "./providers";

export type Verdict =
  | { kind: "ok"; model: ModelChoice }
  | { kind: "no-key"; wants: Provider | null }
  | { kind: "no-model"; provider: Provider }
  | { kind: "mismatch"; model: ModelChoice; choices: ModelChoice[]; typeFor: Provider | null };

const MAX_CHOICES = 3;

/* Models to switch to: one of each provider first, so that each key the person has is on offer. */
export function choicesFor(models: readonly Model[], usable: Iterable<Provider>): ModelChoice[] {
  const perProvider = [...usable].map((provider) => models.filter((model) => model.provider === provider));
  const choices: ModelChoice[] = [];
  for (let round = 0; choices.length < MAX_CHOICES && perProvider.some((list) => list.length > round); round++) {
    for (const list of perProvider) {
      const model = list[round];
      if (model && choices.length < MAX_CHOICES) choices.push({ id: model.id, provider: model.provider });
    }
  }
  return choices;
}

export function judge(model: ModelChoice | null, models: readonly Model[], usable: ReadonlySet<Provider>): Verdict {
  const first = [...usable][0];
  if (!first) return { kind: "no-key", wants: model?.provider ?? null };
  if (!model) return { kind: "no-model", provider: first };
  if (usable.has(model.provider)) return { kind: "ok", model };
  return mismatch(model, models, usable);
}

/* Also what a 422 from the server becomes: its `details.choices` names providers (or models) that would work. */
export function mismatch(model: ModelChoice, models: readonly Model[], usable: ReadonlySet<Provider>, named: unknown = null): Verdict {
  const providers = new Set(usable);
  const listed: ModelChoice[] = [];
  for (const one of Array.isArray(named) ? named : []) {
    if (isProvider(one)) providers.add(one);
    else if (typeof one === "object" && one !== null) {
      const { model: id, id: otherId, provider } = one as Record<string, unknown>;
      const name = typeof id === "string" ? id : typeof otherId === "string" ? otherId : null;
      if (name && isProvider(provider)) listed.push({ id: name, provider });
      else if (isProvider(provider)) providers.add(provider);
    } else if (typeof one === "string") {
      const known = models.find((candidate) => candidate.id === one);
      if (known) listed.push({ id: known.id, provider: known.provider });
    }
  }
  providers.delete(model.provider);
  const choices = listed.length > 0 ? listed.slice(0, MAX_CHOICES) : choicesFor(models, providers);
  return { kind: "mismatch", model, choices, typeFor: choices.length === 0 ? ([...providers][0] ?? null) : null };
}
