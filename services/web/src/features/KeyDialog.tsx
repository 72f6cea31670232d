/* Provider keys: what there is, and adding one. */

import { useState } from "preact/hooks";
import { closeDialog, dialog } from "../state/dialogs";
import { type ApiError, asApiError } from "../api/errors";
import { explain } from "../state/explain";
import { keyTail, keysError, loadKeys, removeKey, removeSessionKey, savedKeys, sessionKeys } from "../state/keys";
import type { Provider } from "../api/types";
import { providerName } from "../state/providers";
import { sessionOnlyKeys } from "../state/session";
import { toast } from "../state/toasts";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Failure";
import { Lock, Trash } from "../ui/icons";
import { KeyForm } from "./KeyForm";

interface RowProps {
  title: string;
  provider: Provider;
  preview: string;
  note: string;
  remove: () => Promise<void>;
}

function KeyRow({ title, provider, preview, note, remove }: RowProps) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const tail = keyTail(provider, preview);
  const confirm = async () => {
    setBusy(true);
    try {
      await remove();
      toast("Key deleted.");
    } catch (cause) {
      const { title: what, hint } = explain(asApiError(cause));
      toast(`Not deleted. ${what}. ${hint}`, "error");
      setBusy(false);
      setAsking(false);
    }
  };
  return (
    <li class="key-row">
      <div class="key-text">
        <strong>{title}</strong> <span class="tail">{tail}</span>
        <small>{note}</small>
      </div>
      {asking ? (
        <span class="confirm">
          <button type="button" class="button small" autoFocus onClick={() => setAsking(false)}>Keep</button>
          <button type="button" class="button small danger" disabled={busy} onClick={() => void confirm()}>Delete key</button>
        </span>
      ) : (
        <button type="button" class="icon-button" aria-label={tail ? `Delete key ${title} ending in ${preview.slice(-4)}` : `Delete key ${title}`} onClick={() => setAsking(true)}>
          <Trash />
        </button>
      )}
    </li>
  );
}

function KeyList() {
  const saved = savedKeys.value;
  const memory = sessionKeys.value;
  if (saved.length + memory.length === 0) return null;
  return (
    <ul class="key-list" aria-label="Your keys">
      {memory.map((key) => (
        <KeyRow
          key={key.handle} title={providerName(key.provider)} provider={key.provider} preview={key.keyPreview} note="In memory, for this page only"
          remove={() => removeSessionKey(key.handle)}
        />
      ))}
      {saved.map((key) => (
        <KeyRow
          key={key.id} title={key.keyName || providerName(key.provider)} provider={key.provider} preview={key.keyPreview} remove={() => removeKey(key.id)}
          note={[key.keyName === providerName(key.provider) ? null : providerName(key.provider), key.baseUrl, key.active === false ? "switched off" : null].filter(Boolean).join(" · ")}
        />
      ))}
    </ul>
  );
}

export function KeyDialog() {
  const open = dialog.value;
  const has = savedKeys.value.length + sessionKeys.value.length > 0;
  const wanted = open?.kind === "keys" ? open : null;
  const [adding, setAdding] = useState(!has || wanted?.guidance !== null);
  const [loadError, setLoadError] = useState<ApiError | null>(keysError.value);
  return (
    <Dialog title={has && !adding ? "Your keys" : "Add a key"} onClose={closeDialog}>
      {wanted?.guidance && <p class="guidance">{wanted.guidance}</p>}
      {loadError && (
        <Failure error={loadError} compact>
          <button type="button" class="button small" onClick={() => void loadKeys().then(() => setLoadError(keysError.value))}>Try again</button>
        </Failure>
      )}
      <KeyList />
      {adding || !has ? (
        <KeyForm provider={wanted?.provider ?? null} onAdded={() => closeDialog()} />
      ) : (
        <div class="dialog-actions">
          <button type="button" class="button primary" onClick={() => setAdding(true)}>Add another key</button>
        </div>
      )}
      <p class="small-print">
        <Lock size={14} />
        {sessionOnlyKeys.value
          ? "This server has no key secret, so a key is kept in its memory only, for this page: reload and it is forgotten. Set BYOK_ENCRYPTION_SECRET on the server to save keys."
          : "Keys are sealed before they are stored and never shown again. Your server opens one only to call its provider for you."}
      </p>
    </Dialog>
  );
}
