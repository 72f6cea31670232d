/* Cuts Markdown into top-level blocks so that a streaming answer is parsed once, not once per token: blocks that
 * cannot change any more are kept as they are, only the open tail is looked at again. */

import { parseSource } from "./parse";

export interface Blocks {
  /* Source of each block, in order. Joined they are the whole text. */
  readonly done: readonly string[];
  readonly tail: string;
}

export const noBlocks: Blocks = { done: [], tail: "" };

/* A block that sees other blocks: link definitions and footnotes. Such a text is rendered in one piece at the end. */
const crossReference = /^ {0,3}\[[^\]\n]+\]:/m;

/* The sources of the blocks in `lines`, which are whole lines. The cuts are at starts of lines, because
 * indentation belongs to the block. */
function cut(lines: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const child of parseSource(lines).children.slice(1)) {
    const at = lines.lastIndexOf("\n", (child.position?.start.offset ?? 0) - 1) + 1;
    if (at > from) parts.push(lines.slice(from, at));
    from = Math.max(from, at);
  }
  parts.push(lines.slice(from));
  return parts;
}

const fenceStart = /^ {0,3}(`{3,}(?=[^`\n]*\n)|~{3,}(?=[^\n]*\n))/;

/* Is the tail one code block that is still open? Then there is nothing to judge: long listings would otherwise be
 * parsed from their start with every line. */
function isOpenCode(tail: string): boolean {
  const fence = fenceStart.exec(tail)?.[1];
  if (!fence) return false;
  const lines = tail.slice(tail.indexOf("\n"));
  return !new RegExp(`^ {0,3}${fence[0]}{${fence.length},}[ \\t]*$`, "m").test(lines);
}

/* The blocks after `added` has arrived at the end. All blocks before the last one are settled: CommonMark never reopens
 * a closed block. Only whole lines are judged, since "2" is a paragraph until it turns out to be "2. item".
 * `done` keeps its identity while nothing was settled. */
export function appendText(blocks: Blocks, added: string): Blocks {
  const tail = blocks.tail + added;
  if (!added.includes("\n") || isOpenCode(tail)) return { done: blocks.done, tail };
  const whole = tail.lastIndexOf("\n") + 1;
  const parts = cut(tail.slice(0, whole));
  const last = parts.pop()! + tail.slice(whole);
  return { done: parts.length > 0 ? [...blocks.done, ...parts] : blocks.done, tail: last };
}

/* The blocks of a finished text. */
export function splitText(text: string): Blocks {
  if (crossReference.test(text)) return { done: [], tail: text };
  return appendText(noBlocks, text);
}
