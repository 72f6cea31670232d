/* Markdown source to a syntax tree (mdast), with two changes for hostile or careless text: raw HTML is kept as the
 * literal text it is, so nothing the model wrote vanishes and nothing is ever markup; an image becomes a link. */

import type { Nodes, Parents, PhrasingContent, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

const options = {
  extensions: [gfm({ singleTilde: false })],
  mdastExtensions: [gfmFromMarkdown()],
};

function harmless(node: Nodes, parent: Parents): Nodes {
  if (node.type === "html") {
    if (/^<br\s*\/?>$/i.test(node.value)) return { type: "break" };
    const text = { type: "text", value: node.value } as const;
    return parent.type === "root" || parent.type === "blockquote" || parent.type === "listItem"
      ? { type: "paragraph", children: [text] }
      : text;
  }
  const label: PhrasingContent[] = [{ type: "text", value: `Image: ${("alt" in node && node.alt) || "untitled"}` }];
  if (node.type === "image") {
    return /^https?:\/\//i.test(node.url) ? { type: "link", url: node.url, children: label } : label[0]!;
  }
  if (node.type === "imageReference") {
    return { type: "linkReference", identifier: node.identifier, referenceType: "full", children: label };
  }
  return node;
}

function visit(parent: Parents): void {
  parent.children.forEach((child, index) => {
    const kept = harmless(child, parent);
    (parent.children as Nodes[])[index] = kept;
    if ("children" in kept) visit(kept);
  });
}

/* The tree as written: positions are true offsets into `source`. */
export function parseSource(source: string): Root {
  return fromMarkdown(source, options);
}

export function parseMarkdown(source: string): Root {
  const root = parseSource(source);
  visit(root);
  return root;
}
