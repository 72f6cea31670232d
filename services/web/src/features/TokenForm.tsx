import { useRef, useState } from "preact/hooks";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { NewToken, TokenScope } from "../api/types";
import { Failure } from "../ui/Failure";

const scopes: { value: TokenScope; label: string; note: string }[] = [
  { value: "chat", label: "Chat", note: "models, completions" },
  { value: "conversations", label: "Conversations", note: "read and change your chats" },
  { value: "keys", label: "Keys", note: "add and remove provider keys" },
];

const lifetimes = [
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "1 year" },
  { days: 0, label: "Never" },
];

export function TokenForm({ onMade }: { onMade: (token: NewToken) => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const name = String(data.get("name") ?? "").trim();
    const chosen = data.getAll("scope") as TokenScope[];
    const days = Number(data.get("days"));
    setError(null);
    if (name === "" || chosen.length === 0) return setProblem(name === "" ? "Give it a name, so that you know later what it is for." : "Choose at least one thing it may do.");
    setProblem(null);
    setBusy(true);
    try {
      const expiresAt = days > 0 ? new Date(Date.now() + days * 86_400_000).toISOString() : null;
      onMade(await api.addToken({ name, scopes: chosen, ...(expiresAt ? { expiresAt } : {}) }));
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  };

  return (
    <form class="form" ref={form} noValidate onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>Name</span>
        <input name="name" maxLength={60} autocomplete="off" placeholder="Notebook script" aria-invalid={problem !== null} />
      </label>
      <fieldset class="checks">
        <legend>It may use</legend>
        {scopes.map((scope) => (
          <label key={scope.value} class="check">
            <input type="checkbox" name="scope" value={scope.value} defaultChecked={scope.value === "chat"} />
            <span>{scope.label} <small>{scope.note}</small></span>
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>Expires after</span>
        <select name="days">
          {lifetimes.map((one) => <option key={one.days} value={one.days} selected={one.days === 90}>{one.label}</option>)}
        </select>
      </label>
      {problem && <p class="field-hint bad" role="alert">{problem}</p>}
      {error && <Failure error={error} compact />}
      <div class="dialog-actions">
        <button type="submit" class="button primary" disabled={busy}>{busy ? "Creating…" : "Create token"}</button>
      </div>
    </form>
  );
}
