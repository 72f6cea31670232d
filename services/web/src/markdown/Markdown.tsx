/* A message's Markdown. Blocks that are settled keep their vnodes while the tail grows. */

import { memo } from "../ui/memo";
import type { Blocks } from "./blocks";
import { renderMarkdown } from "./render";

const Block = memo(
  ({ source, prefix }: { source: string; prefix: string }) => renderMarkdown(source, prefix),
  (a, b) => a.source === b.source && a.prefix === b.prefix,
);

export function Markdown({ blocks, prefix }: { blocks: Blocks; prefix: string }) {
  const all = blocks.tail === "" ? blocks.done : [...blocks.done, blocks.tail];
  return (
    <div class="markdown">
      {all.map((source, index) => (
        <Block key={index} source={source} prefix={prefix} />
      ))}
    </div>
  );
}
