/* Copies a text and says so. The label goes back by itself after success and after failure. */

import { useEffect, useState } from "preact/hooks";
import { copyText } from "./clipboard";
import { Alert, Check, Copy } from "./icons";

const SHOW_MS = 2000;

export function CopyButton({ text, label, quiet }: { text: string; label: string; quiet?: boolean }) {
  const [state, setState] = useState<"idle" | "done" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SHOW_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const words = state === "done" ? "Copied" : state === "failed" ? "Could not copy" : label;
  const Glyph = state === "done" ? Check : state === "failed" ? Alert : Copy;
  return (
    <button
      type="button" class={quiet ? "icon-button small" : "text-button small"} data-state={state}
      aria-label={quiet ? words : undefined} title={quiet ? words : undefined}
      onClick={() => copyText(text).then((ok) => setState(ok ? "done" : "failed"))}
    >
      <Glyph size={quiet ? 16 : 14} />
      {!quiet && <span aria-live="polite">{state === "idle" ? label.replace(/ code$/, "") : words}</span>}
    </button>
  );
}
