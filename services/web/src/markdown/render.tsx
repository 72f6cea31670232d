/* One block of Markdown to Preact nodes: mdast → hast → allow-list → vnodes. No string of HTML exists on the way. */

import { toHast } from "mdast-util-to-hast";
import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import { Fragment, jsx, jsxs } from "preact/jsx-runtime";
import type { ComponentChildren, VNode } from "preact";
import { CodeBlock } from "./CodeBlock";
import { parseMarkdown } from "./parse";
import { sanitize } from "./sanitize";

interface HastCode {
  tagName: string;
  properties: { className?: unknown };
  children: { type: string; value?: string }[];
}

function Pre(props: { node?: { children: HastCode[] }; children?: ComponentChildren }) {
  const code = props.node?.children[0];
  if (!code || code.tagName !== "code") return <pre>{props.children}</pre>;
  const classes = Array.isArray(code.properties.className) ? (code.properties.className as string[]) : [];
  const language = classes.find((name) => name.startsWith("language-"))?.slice("language-".length) ?? "";
  const text = code.children.map((child) => child.value ?? "").join("");
  return <CodeBlock language={language} code={text.replace(/\n$/, "")} />;
}

function Table(props: { node?: unknown; children?: ComponentChildren }) {
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Table">
      <table>{props.children}</table>
    </div>
  );
}

export function renderMarkdown(source: string, prefix = "md-"): VNode {
  const tree = toHast(parseMarkdown(source), { clobberPrefix: prefix });
  const clean = sanitize(tree, prefix);
  return toJsxRuntime(clean, {
    Fragment,
    jsx: jsx as never,
    jsxs: jsxs as never,
    elementAttributeNameCase: "html",
    passNode: true,
    tableCellAlignToStyle: false,
    components: { pre: Pre, table: Table } as never,
  }) as unknown as VNode;
}
