/* Syntax colours by lowlight, which returns a tree, never a string of HTML. The grammars are a chunk of their own,
 * fetched when the first code block appears; until then code is plain. */

import type { ElementContent } from "hast";
import { signal } from "@preact/signals";

interface Highlighter {
  registered(language: string): boolean;
  highlight(language: string, value: string): { children: unknown[] };
}

/* Null until the grammars are here; components reading it re-render then. */
export const highlighter = signal<Highlighter | null>(null);
let asked = false;

/* Colouring more than this costs more than it gives. */
const MAX_CHARS = 60_000;

export function wantHighlighter(): void {
  if (asked) return;
  asked = true;
  import("./grammars").then(
    ({ lowlight }) => (highlighter.value = lowlight as Highlighter),
    () => (asked = false),
  );
}

export function highlight(tool: Highlighter | null, language: string, code: string): ElementContent[] {
  const plain: ElementContent[] = [{ type: "text", value: code }];
  if (!tool || code.length > MAX_CHARS || !tool.registered(language)) return plain;
  try {
    return tool.highlight(language, code).children as ElementContent[];
  } catch {
    return plain;
  }
}
