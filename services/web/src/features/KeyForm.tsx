import { useRef, useState } from "preact/hooks";
import type { NewKey, Provider } from "../api/types";
import { type ApiError, asApiError } from "../api/errors";
import { thread } from "../state/chat";
import { NO_KEY, addKey } from "../state/keys";
import { loadModels, models, orderedModels, picked, pickModel } from "../state/models";
import { aProvider, offeredProviders, providerInfo, providerName } from "../state/providers";
import { session, sessionOnlyKeys } from "../state/session";
import { toast } from "../state/toasts";
import { Failure } from "../ui/Failure";

const OLLAMA = "http://localhost:11434/v1";

/* A first key decides the model too, unless one that works was chosen: nobody should meet a mismatch at once. */
function followKey(provider: Provider): void {
  if (picked.value && picked.value.provider === provider) return;
  const first = orderedModels.value.find((model) => model.provider === provider);
  if (first) pickModel(first);
  else if (picked.value) picked.value = null;
}

function problemWith(provider: Provider, key: string, baseUrl: string): { field: "key" | "baseUrl"; text: string } | null {
  if (provider !== "openai-compatible") return key === "" ? { field: "key", text: "Paste a key first." } : null;
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl)) return { field: "baseUrl", text: `An address like ${OLLAMA}, with its version path.` };
  return null;
}

export function KeyForm({ provider: preset, onAdded }: { provider: Provider | null; onAdded: () => void }) {
  const offered = offeredProviders(session.value);
  const [provider, setProvider] = useState<Provider>(preset && offered.includes(preset) ? preset : (offered[0] ?? "openai"));
  const [problem, setProblem] = useState<ReturnType<typeof problemWith>>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const compatible = provider === "openai-compatible";
  const info = providerInfo(provider);

  const submit = async (event: Event) => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const field = (name: string) => String(data.get(name) ?? "").trim();
    const wrong = problemWith(provider, field("key"), field("baseUrl"));
    setProblem(wrong);
    setError(null);
    if (wrong) return (form.current!.elements.namedItem(wrong.field) as HTMLElement).focus();
    const key: NewKey = { provider, key: field("key") || NO_KEY };
    if (compatible) key.baseUrl = field("baseUrl");
    if (field("keyName")) key.keyName = field("keyName");
    setBusy(true);
    try {
      await addKey(key);
      await loadModels();
      followKey(provider);
      onAdded();
      toast(thread.value.draft.value.trim() ? "Key added. Your draft is ready: press Enter to send it." : "Key added.");
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  };

  const wants = preset && models.value.length > 0 && provider !== preset;
  return (
    <form class="form" ref={form} onSubmit={(event) => void submit(event)} noValidate>
      <fieldset class="choices">
        <legend>Provider</legend>
        {offered.map((one) => (
          <label key={one} class="choice">
            <input type="radio" name="provider" value={one} checked={provider === one} onChange={() => setProvider(one)} />
            <span>{providerName(one)}</span>
          </label>
        ))}
      </fieldset>
      {wants && <p class="field-hint">The chosen model needs {aProvider(preset)} key; with another one you will pick another model.</p>}
      {compatible && (
        <label class="field">
          <span>Address</span>
          <input name="baseUrl" type="url" defaultValue={OLLAMA} inputMode="url" spellcheck={false} aria-invalid={problem?.field === "baseUrl"} aria-describedby="base-hint" />
          <small id="base-hint" class={problem?.field === "baseUrl" ? "field-hint bad" : "field-hint"}>
            {problem?.field === "baseUrl" ? problem.text : `Ollama: ${OLLAMA}. llama.cpp, vLLM and LM Studio have one like it.`}
          </small>
        </label>
      )}
      <label class="field">
        <span>Key {compatible && <em>(optional)</em>}</span>
        <input
          name="key" type="password" autocomplete="off" spellcheck={false} placeholder={info.keyHint} autoFocus={!compatible}
          aria-invalid={problem?.field === "key"} aria-describedby="key-hint" data-1p-ignore data-lpignore="true"
        />
        <small id="key-hint" class={problem?.field === "key" ? "field-hint bad" : "field-hint"}>
          {problem?.field === "key" ? problem.text : info.where ? `You find it at ${info.where}.` : "Most local servers need none: leave it empty."}
        </small>
      </label>
      {!sessionOnlyKeys.value && (
        <label class="field">
          <span>Name <em>(optional)</em></span>
          <input name="keyName" maxLength={60} autocomplete="off" placeholder={providerName(provider)} />
        </label>
      )}
      {error && <Failure error={error} compact />}
      <div class="dialog-actions">
        <button type="submit" class="button primary" disabled={busy}>
          {busy ? "Adding…" : sessionOnlyKeys.value ? "Use for this page" : "Save key"}
        </button>
      </div>
    </form>
  );
}
