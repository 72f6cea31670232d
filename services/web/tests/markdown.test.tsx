import { describe, expect, it } from "vitest";
import { render } from "preact-render-to-string";
import { appendText, noBlocks, splitText } from "../src/markdown/blocks";
import { renderMarkdown } from "../src/markdown/render";

const html = (source: string): string => render(renderMarkdown(source));

describe("hostile Markdown", () => {
  const attacks: [string, string][] = [
    ["a script element", "<script>alert(1)</script>"],
    ["a script element inside text", "hello <script>alert(1)</script> there"],
    ["an event handler", '<img src=x onerror="alert(1)">'],
    ["an event handler on a link", '<a href="#" onclick="alert(1)">x</a>'],
    ["an svg with a script", "<svg><script>alert(1)</script></svg>"],
    ["an iframe", '<iframe src="https://evil.example"></iframe>'],
    ["a style", "<style>body{display:none}</style>"],
    ["a style attribute", '<p style="position:fixed">x</p>'],
    ["a form", '<form action="https://evil.example"><input name="key"></form>'],
    ["a meta refresh", '<meta http-equiv="refresh" content="0;url=https://evil.example">'],
    ["a base", '<base href="https://evil.example">'],
    ["html in a heading", "# <img src=x onerror=alert(1)>"],
    ["html in a table", "| a |\n|---|\n| <img src=x onerror=alert(1)> |"],
    ["html in a list", "- <b onmouseover=alert(1)>x</b>"],
  ];
  it.each(attacks)("%s is shown as text", (_, source) => {
    const out = html(source);
    expect(out).not.toMatch(/<(script|img|svg|iframe|style|form|meta|base|b|object|embed)\b/i);
    expect(out).not.toMatch(/<[^>]*\s(on\w+|style|src|srcdoc|action)=/i);
    expect(out).toContain("&lt;");
  });

  const addresses: [string, string][] = [
    ["javascript:", "[x](javascript:alert(1))"],
    ["javascript: with tricks", "[x](JaVaScRiPt&#58;alert(1))"],
    ["javascript: with a tab", "[x](java&#9;script:alert(1))"],
    ["javascript: as autolink", "<javascript:alert(1)>"],
    ["data: html", "[x](data:text/html;base64,PHNjcmlwdD4=)"],
    ["vbscript:", "[x](vbscript:msgbox)"],
    ["file:", "[x](file:///etc/passwd)"],
    ["blob:", "[x](blob:https://grove/1)"],
    ["by reference", "[x][y]\n\n[y]: javascript:alert(1)"],
    ["a path of our own", "[x](/api/auth/sign-out)"],
    ["another scheme's own slashes", "[x](//evil.example/)"],
    ["a fragment of the page", "[x](#app)"],
  ];
  it.each(addresses)("a link to %s leads nowhere", (_, source) => {
    expect(html(source)).not.toMatch(/href=/);
  });

  it("shows an image as a link, never loads it", () => {
    const out = html("![my *alt*](https://evil.example/pixel.png?secret=1)");
    expect(out).not.toContain("<img");
    expect(out).toContain('href="https://evil.example/pixel.png?secret=1"');
    expect(out).toContain("Image: my alt");
    expect(html("![x](data:image/png;base64,AAAA)")).not.toMatch(/<img|href=/);
    expect(html("![x][y]\n\n[y]: https://evil.example/a.png")).not.toContain("<img");
  });

  it("names the host of a link and opens it outside, telling nothing", () => {
    const out = html("[your bank](https://evil.example/login)");
    expect(out).toContain('target="_blank"');
    expect(out).toContain('rel="noopener noreferrer"');
    expect(out).toContain('<span class="link-host">evil.example</span>');
    expect(html("https://example.org/a")).not.toContain("link-host");
  });

  it("shows the true host of a look-alike name", () => {
    expect(html("[x](https://аррӏе.example/)")).toContain("xn--");
  });

  it("keeps a footnote's ids inside its message", () => {
    const out = html("a[^1]\n\n[^1]: note");
    expect(out).toContain('id="md-fn-1"');
    expect(out).toContain('href="#md-fn-1"');
  });
});

describe("ordinary Markdown", () => {
  it("has tables, tasks, strikethrough, code with its language", () => {
    expect(html("| a | b |\n|---|--:|\n| 1 | 2 |")).toMatch(/<table>.*<th align="right">b<\/th>/s);
    expect(html("- [x] done")).toMatch(/<input type="checkbox" (checked )?disabled( checked)?\/?>/);
    expect(html("~~no~~ ~yes~")).toBe("<p><del>no</del> ~yes~</p>");
    const code = html("```c++\nint x; // <b>\n```");
    expect(code).toContain("<span>c++</span>");
    expect(code).toContain("int x; // &lt;b>");
    expect(html("a<br>b")).toContain("<br/>");
  });
});

const document = `Intro *text*.

1. one

2. two
   - nested

   still two

- a
- b

para
===

| a | b |
|---|---|
| 1 | 2 |

\`\`\`js
const a = 1;

# not a heading
\`\`\`

> quote
lazy

    indented code

    more of it

***
<div>
raw
</div>

end`;

describe("streaming blocks", () => {
  it("ends with the same blocks wherever the text was cut", () => {
    const whole = splitText(document);
    expect([...whole.done, whole.tail].join("")).toBe(document);
    for (let at = 0; at <= document.length; at++) {
      expect(appendText(appendText(noBlocks, document.slice(0, at)), document.slice(at)), `cut at ${at}`).toEqual(whole);
    }
  });

  it("ends with the same blocks character by character", () => {
    expect([...document].reduce(appendText, noBlocks)).toEqual(splitText(document));
  });

  it("draws the blocks as it draws the whole", () => {
    const { done, tail } = splitText(document);
    const squeeze = (text: string) => text.replace(/>\s+</g, "><");
    expect(squeeze([...done, tail].map(html).join(""))).toBe(squeeze(html(document)));
  });

  it("never looks at a settled block again", () => {
    const first = appendText(noBlocks, "one\n\ntwo\n\nthree");
    expect(first.done).toEqual(["one\n\n"]);
    const second = appendText(first, " more words");
    expect(second.done).toBe(first.done);
  });

  it("does not read a long listing again with every line", () => {
    const code = `\`\`\`js\n${"const a = 1; // some code\n".repeat(4000)}`;
    const before = performance.now();
    let blocks = noBlocks;
    for (let at = 0; at < code.length; at += 20) blocks = appendText(blocks, code.slice(at, at + 20));
    expect(performance.now() - before).toBeLessThan(5000);
    expect(appendText(blocks, "```\n\nend\n").done).toEqual([`${code}\`\`\`\n\n`]);
  });

  it.each(["```", "````", "~~~", "  ```", "``` a`b"])("closes a block opened by %s where CommonMark closes it", (open) => {
    const text = `${open}\none\n\`\`\`x\n ~~~\n~~\n\`\`\`\ntwo\n\`\`\`\`\`\nthree\n~~~~\n\nfour\n`;
    expect([...text].reduce(appendText, noBlocks)).toEqual(splitText(text));
  });

  it("keeps a text with definitions in one piece", () => {
    expect(splitText("[a]\n\nb\n\n[a]: https://example.org").done).toEqual([]);
  });
});
