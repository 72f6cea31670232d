/* The allow-list for what a model's Markdown may become. Everything not named here is dropped, whatever produced it:
 * no raw HTML, no images, no styles, no event handlers, and links only to the web and to mail. */

import type { Schema } from "hast-util-sanitize";
import { sanitize as run } from "hast-util-sanitize";
import type { Element, Nodes, Root, Text } from "hast";

const schema: Schema = {
  tagNames: [
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "input", "li", "ol", "p",
    "pre", "section", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  attributes: {
    a: ["href", "title", "dataFootnoteRef", "dataFootnoteBackref", "ariaDescribedBy", "ariaLabel"],
    code: [["className", /^language-[\w+#.-]{1,40}$/]],
    input: [["type", "checkbox"], ["disabled", true], "checked"],
    li: [["className", "task-list-item"], "id"],
    ol: ["start"],
    section: ["dataFootnotes", ["className", "footnotes"]],
    td: [["align", "left", "right", "center"]],
    th: [["align", "left", "right", "center"]],
    ul: [["className", "contains-task-list"]],
    h2: [["className", "sr-only"], "id"],
    sup: [],
    "*": [],
  },
  protocols: { href: ["http", "https", "mailto"] },
  required: { input: { type: "checkbox", disabled: true } },
  clobber: ["id", "ariaDescribedBy"],
  clobberPrefix: "",
  strip: ["script", "style"],
  allowComments: false,
  allowDoctypes: false,
};

function hostOf(href: string): string | null {
  try {
    const url = new URL(href);
    return url.protocol === "mailto:" ? null : url.host;
  } catch {
    return null;
  }
}

function plain(node: Nodes): string {
  if (node.type === "text") return node.value;
  return "children" in node ? node.children.map(plain).join("") : "";
}

/* A link opens beside the chat, tells the other side nothing, and always shows the host it leads to. */
function dressLink(link: Element, footnotePrefix: string): void {
  const href = link.properties.href;
  if (typeof href !== "string") return void (link.tagName = "span");
  if (href.startsWith("#")) {
    if (!href.startsWith(`#${footnotePrefix}`)) {
      delete link.properties.href;
      link.tagName = "span";
    }
    return;
  }
  const host = hostOf(href);
  if (host === null && !href.startsWith("mailto:")) {
    /* Relative addresses would lead into this app's own pages: a model has no business there. */
    delete link.properties.href;
    link.tagName = "span";
    return;
  }
  link.properties.target = "_blank";
  link.properties.rel = ["noopener", "noreferrer"];
  if (host !== null && !plain(link).toLowerCase().includes(host)) {
    const shown: Text = { type: "text", value: host };
    link.children.push({ type: "element", tagName: "span", properties: { className: ["link-host"] }, children: [shown] });
  }
}

function walk(node: Nodes, visit: (element: Element) => void): void {
  if (node.type === "element") visit(node);
  if ("children" in node) node.children.forEach((child) => walk(child, visit));
}

export function sanitize(tree: Nodes, footnotePrefix: string): Root {
  const clean = run(tree, schema);
  const root: Root = clean.type === "root" ? clean : { type: "root", children: [clean as Element] };
  walk(root, (element) => {
    if (element.tagName === "a") dressLink(element, footnotePrefix);
  });
  return root;
}
