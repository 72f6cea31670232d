/* What the pretended model says: something with every kind of Markdown in it, or a short story of the request. */

const fence = "```";

export const showcase = `A **prefix tree** (or *trie*) stores words so that shared beginnings are stored once. It is the natural fit when you ask "which words start with…?".

## How it works

1. Each node holds one character and links to its children.
2. A flag marks where a word ends.
3. Looking up a word walks one node per character, so it costs \`O(length)\`, whatever the number of words.

${fence}python
from dataclasses import dataclass, field

@dataclass
class Node:
    children: dict[str, "Node"] = field(default_factory=dict)
    is_word: bool = False

def insert(root: Node, word: str) -> None:
    node = root
    for letter in word:  # one step per letter
        node = node.children.setdefault(letter, Node())
    node.is_word = True
${fence}

### Compared

| structure | lookup | prefix search | memory |
|---|---|---:|---:|
| hash table | O(length) | no | 1.0× |
| sorted array | O(length · log n) | yes | 0.6× |
| trie | O(length) | yes | 2–4× |

> A radix tree joins chains of single children and wins most of that memory back.

- [x] exact lookup
- [x] everything below a prefix
- [ ] fuzzy matches: see [Levenshtein automata](https://en.wikipedia.org/wiki/Levenshtein_automaton)

Shall I show the radix variant next?`;

const short = "Of course. The short answer is yes, with one condition: decide first what you would regret more.\n\nIf you are still unsure after a night's sleep, the option you keep *defending* is usually the one you want; the option you keep *comparing* is usually the one you don't. Tell me a little about both, and I will ask you one question at a time.";

export function answerFor(text) {
  if (/trie|markdown|everything|drop|slow|fail/i.test(text)) return showcase;
  if (/long/i.test(text)) return `${showcase}\n\n${showcase}\n\n${showcase}`;
  return short;
}
