/* A block of code: its language, a copy button, colours when the grammars have arrived. */

import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import { Fragment, jsx, jsxs } from "preact/jsx-runtime";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { CopyButton } from "../ui/CopyButton";
import { highlight, highlighter, wantHighlighter } from "./highlight";

function coloured(language: string, code: string): VNode {
  const children = highlight(highlighter.value, language, code);
  return toJsxRuntime({ type: "root", children } as never, {
    Fragment,
    jsx: jsx as never,
    jsxs: jsxs as never,
    elementAttributeNameCase: "html",
  }) as unknown as VNode;
}

export function CodeBlock({ language, code }: { language: string; code: string }) {
  const tool = highlighter.value;
  useEffect(wantHighlighter, []);
  const body = useMemo(() => coloured(language.toLowerCase(), code), [language, code, tool]);
  return (
    <div class="code-block">
      <div class="code-head">
        <span>{language || "text"}</span>
        <CopyButton text={code} label="Copy code" />
      </div>
      <pre tabIndex={0}>
        <code>{body}</code>
      </pre>
    </div>
  );
}
