/* What stands between the draft and its sending, right above the composer, with the way out as a button. */

import { sendDraft, thread } from "../state/chat";
import { openKeys } from "../state/dialogs";
import { explain } from "../state/explain";
import type { Verdict } from "../state/gate";
import { type ModelChoice, modelLabel, pickModel } from "../state/models";
import { aProvider, providerName } from "../state/providers";
import { Failure } from "../ui/Failure";
import { Cross, Key } from "../ui/icons";
import { pickerRequest } from "./ModelPicker";

const dismiss = (): void => void (thread.value.notice.value = null);
const openPicker = (): void => void (pickerRequest.value += 1);

function use(model: ModelChoice): void {
  pickModel(model);
  dismiss();
  document.querySelector<HTMLTextAreaElement>("#draft")?.focus();
}

function Gate({ verdict }: { verdict: Verdict }) {
  if (verdict.kind === "mismatch") {
    const { model, choices, typeFor } = verdict;
    return (
      <div class="notice" role="alert">
        <Key />
        <div>
          <p><strong>{modelLabel(model.id, model.provider)} needs {aProvider(model.provider)} key.</strong> Your draft is kept. Choose how to go on:</p>
          <div class="notice-actions">
            {choices.map((one) => (
              <button key={`${one.provider}/${one.id}`} type="button" class="button small" onClick={() => use(one)}>
                Use {modelLabel(one.id, one.provider)} <small>{providerName(one.provider)}</small>
              </button>
            ))}
            {typeFor && <button type="button" class="button small" onClick={openPicker}>Name a model for {providerName(typeFor)}</button>}
            <button type="button" class="button small" onClick={() => openKeys("", model.provider)}>Add {aProvider(model.provider)} key</button>
          </div>
        </div>
      </div>
    );
  }
  if (verdict.kind === "no-model") {
    return (
      <div class="notice" role="alert">
        <Key />
        <div>
          <p><strong>Which model?</strong> Your draft is kept. {providerName(verdict.provider)} did not list any: type the name of one.</p>
          <div class="notice-actions"><button type="button" class="button small" onClick={openPicker}>Choose a model</button></div>
        </div>
      </div>
    );
  }
  return null;
}

export function Notices() {
  const open = thread.value;
  const notice = open.notice.value;
  if (!notice) return null;
  if (notice.kind === "gate") {
    return <div class="notice-shell"><Gate verdict={notice.verdict} /><button type="button" class="icon-button small" aria-label="Dismiss" onClick={dismiss}><Cross size={14} /></button></div>;
  }
  const { remedy } = explain(notice.error);
  const hasDraft = open.draft.value.trim() !== "";
  return (
    <div class="notice-shell">
      <Failure error={notice.error}>
        {remedy === "retry" && hasDraft && <button type="button" class="button small" onClick={() => void sendDraft()}>Send again</button>}
        {remedy === "keys" && <button type="button" class="button small" onClick={() => openKeys()}>Open keys</button>}
        {remedy === "model" && <button type="button" class="button small" onClick={openPicker}>Choose a model</button>}
        {remedy === "reload" && <button type="button" class="button small" onClick={() => location.reload()}>Reload</button>}
      </Failure>
      <button type="button" class="icon-button small" aria-label="Dismiss" onClick={dismiss}><Cross size={14} /></button>
    </div>
  );
}
