/* Where one writes. Enter sends, Shift+Enter makes a new line, and an input method in the middle of a word is left alone. */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { asApiError } from "../api/errors";
import { sendDraft, thread } from "../state/chat";
import { dialog } from "../state/dialogs";
import { explain } from "../state/explain";
import { keyFor, keyTail, keysLoaded, usableProviders } from "../state/keys";
import { choice } from "../state/models";
import { providerName } from "../state/providers";
import { stopRun } from "../state/run";
import { toast } from "../state/toasts";
import { ArrowUp, Lock, Stop } from "../ui/icons";
import { ModelPicker } from "./ModelPicker";
import { Notices } from "./Notices";

/* One calm line that says where the words will go. */
function Destination() {
  const model = choice.value;
  if (!keysLoaded.value) return <p class="destination">&nbsp;</p>;
  if (usableProviders.value.size === 0) return <p class="destination">No key yet. Write first if you like: your draft is kept.</p>;
  const key = model ? keyFor(model.provider) : null;
  if (!model || !key) return <p class="destination">&nbsp;</p>;
  const tail = keyTail(model.provider, key.preview);
  const where = model.provider === "openai-compatible" ? "your own server" : providerName(model.provider);
  return (
    <p class="destination">
      <Lock size={12} /> Goes to {where}{(tail || model.provider !== "openai-compatible") && <> with your key <span>{tail}</span></>}
      {key.kept === "memory" ? ", kept in memory until you reload" : ""}
    </p>
  );
}

function useAutoGrow(text: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  return area;
}

const isTouch = (): boolean => typeof matchMedia === "function" && matchMedia("(hover: none) and (pointer: coarse)").matches;

export function Composer() {
  const open = thread.value;
  const text = open.draft.value;
  const run = open.run.value;
  const area = useAutoGrow(text);

  /* A new chat, a closed dialog: the next thing a person does is write. Not on phones, where the keyboard would jump up. */
  const dialogKind = dialog.value?.kind ?? null;
  useEffect(() => {
    if (dialogKind === null && !isTouch()) area.current?.focus({ preventScroll: true });
  }, [open, dialogKind]);

  const onKeyDown = (event: KeyboardEvent) => {
    /* keyCode 229: Safari ends a composition before the keydown that ended it. */
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void sendDraft();
  };

  const stop = () => {
    area.current?.focus();
    return stopRun(open).catch((cause: unknown) => {
      const { title, hint } = explain(asApiError(cause));
      toast(`Not stopped. ${title}. ${hint}`, "error");
    });
  };

  return (
    <div class="dock">
      <Notices />
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          void sendDraft();
        }}
        onClick={(event) => event.target === event.currentTarget && area.current?.focus()}
      >
        <textarea
          ref={area} id="draft" rows={1} value={text} placeholder={open.path.value.length > 0 ? "Reply…" : "Ask anything"} aria-label="Message"
          onInput={(event) => (open.draft.value = event.currentTarget.value)} onKeyDown={onKeyDown}
        />
        <div class="composer-row">
          <ModelPicker />
          {run ? (
            <button type="button" class="send" aria-label={run.stopping.value ? "Stopping" : "Stop"} title="Stop" disabled={run.stopping.value} onClick={() => void stop()}>
              <Stop />
            </button>
          ) : (
            <button type="submit" class="send" aria-label="Send" title="Send (Enter)" disabled={text.trim() === ""}>
              <ArrowUp />
            </button>
          )}
        </div>
      </form>
      <Destination />
    </div>
  );
}
