/* Personal API tokens: for OpenAI SDKs and scripts that talk to this Grove. */

import { useEffect, useState } from "preact/hooks";
import { api } from "../api/endpoints";
import { type ApiError, asApiError } from "../api/errors";
import type { NewToken, Token } from "../api/types";
import { closeDialog } from "../state/dialogs";
import { CopyButton } from "../ui/CopyButton";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Failure";
import { Trash } from "../ui/icons";
import { TokenForm } from "./TokenForm";

const day = (iso: string): string => new Date(iso).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });

export function snippetFor(origin: string, token: string): string {
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "${origin}/api",
  apiKey: "${token}",
});`;
}

function Secret({ token, onDone }: { token: NewToken; onDone: () => void }) {
  const snippet = snippetFor(location.origin, token.token);
  return (
    <div class="secret">
      <p class="guidance">This is the only time the token is shown. Copy it now.</p>
      <div class="copy-line">
        <input readOnly value={token.token} aria-label="Token" onFocus={(event) => event.currentTarget.select()} />
        <CopyButton text={token.token} label="Copy" />
      </div>
      <div class="code-block">
        <div class="code-head"><span>OpenAI SDK</span><CopyButton text={snippet} label="Copy code" /></div>
        <pre tabIndex={0}><code>{snippet}</code></pre>
      </div>
      <div class="dialog-actions"><button type="button" class="button primary" onClick={onDone}>I have copied it</button></div>
    </div>
  );
}

function TokenRow({ token, onRevoked }: { token: Token; onRevoked: () => void }) {
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const revoke = () =>
    api.deleteToken(token.id).then(onRevoked, (cause: unknown) => {
      const known = asApiError(cause);
      if (known.status === 404) onRevoked();
      else setError(known);
    });
  return (
    <li class="key-row">
      <div class="key-text">
        <strong>{token.name}</strong>
        <small>{token.scopes.join(", ")} · {token.expiresAt ? `until ${day(token.expiresAt)}` : "does not expire"}</small>
        {error && <Failure error={error} compact />}
      </div>
      {asking ? (
        <span class="confirm">
          <button type="button" class="button small" autoFocus onClick={() => setAsking(false)}>Keep</button>
          <button type="button" class="button small danger" onClick={() => void revoke()}>Revoke</button>
        </span>
      ) : (
        <button type="button" class="icon-button" aria-label={`Revoke ${token.name}`} onClick={() => setAsking(true)}><Trash /></button>
      )}
    </li>
  );
}

export function TokensDialog() {
  const [tokens, setTokens] = useState<Token[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [made, setMade] = useState<NewToken | null>(null);

  const load = () => {
    setError(null);
    api.tokens().then((page) => setTokens(page.items), (cause: unknown) => setError(asApiError(cause)));
  };
  useEffect(load, []);

  return (
    <Dialog title={made ? "Your new token" : "API tokens"} onClose={closeDialog}>
      {made ? (
        <Secret token={made} onDone={() => setMade(null)} />
      ) : (
        <>
          <p class="dialog-text">A token lets an OpenAI SDK or a script use this Grove as you, with your keys. Treat it like a password.</p>
          {error && (
            <Failure error={error} compact>
              <button type="button" class="button small" onClick={load}>Try again</button>
            </Failure>
          )}
          {tokens && tokens.length > 0 && (
            <ul class="key-list" aria-label="Your tokens">
              {tokens.map((token) => (
                <TokenRow key={token.id} token={token} onRevoked={() => setTokens((all) => all?.filter((one) => one.id !== token.id) ?? null)} />
              ))}
            </ul>
          )}
          <TokenForm
            onMade={(token) => {
              setMade(token);
              setTokens((all) => [token, ...(all ?? [])]);
            }}
          />
        </>
      )}
    </Dialog>
  );
}
