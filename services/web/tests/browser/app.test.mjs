/* The built app in a real Chromium, with the real policy, against the pretended server: what unit tests cannot see. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, openPage } from "../../dev/browser.mjs";
import { serve } from "../../dev/serve.mjs";

let browser, house, page, context, complaints;

before(async () => {
  house = await serve();
  browser = await launch();
});
after(async () => {
  await browser.close();
  house.server.closeAllConnections();
  house.server.close();
});
beforeEach(async () => {
  ({ page, context, complaints } = await openPage(browser, house.origin));
  page.setDefaultTimeout(20000);
  await scenario("demo");
});
afterEach(async () => {
  await context.close();
  const unexpected = complaints.filter((text) => !/status of (401|403|404|422|429|502|503)|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_(RESET|REFUSED)|ERR_INTERNET_DISCONNECTED/.test(text));
  assert.deepEqual(unexpected, [], "a quiet page: no policy violation, no foreign request, no exception");
});

const scenario = (name) => page.request.post("/api/_mock", { data: { scenario: name } });
const draft = () => page.locator("#draft");
const answer = () => page.getByRole("article", { name: "Answer" }).last();
const finished = () => page.getByRole("button", { name: "Regenerate" }).waitFor();
const rows = () => page.locator(".row a");
async function open(path = "/app") {
  await page.goto(path);
  await draft().waitFor();
}
async function send(text) {
  await draft().fill(text);
  await draft().press("Enter");
}
/* Settled text, without what only the screen adds. */
const words = async () => (await answer().locator(".markdown").innerText()).replace(/\s+/g, " ");

test("a message streams in, gets an address and a place in the list, and survives a reload", async () => {
  await open();
  await send("everything please");
  await finished();
  assert.match(page.url(), /\/app\/c\/[0-9a-f-]{36}$/);
  assert.equal(await rows().first().innerText(), "everything please");
  assert.equal(await answer().locator("table").count(), 1);
  await answer().locator(".hljs-keyword").first().waitFor();
  const before = await words();
  await page.reload();
  await finished();
  assert.equal(await words(), before);
});

test("Enter sends, Shift+Enter breaks the line, an unfinished composition is left alone", async () => {
  await open();
  await draft().pressSequentially("one");
  await draft().press("Shift+Enter");
  await draft().pressSequentially("two");
  assert.equal(await draft().inputValue(), "one\ntwo");
  await draft().evaluate((area) => area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true })));
  assert.equal(await page.getByRole("article").count(), 0);
  await draft().press("Enter");
  await finished();
  assert.equal(await page.locator(".bubble").innerText(), "one\ntwo");
});

test("the text area grows with its text and stops at a height", async () => {
  await open();
  const height = () => draft().evaluate((area) => area.offsetHeight);
  const small = await height();
  await draft().fill("a\nb\nc\nd\ne\nf");
  const grown = await height();
  assert.ok(grown > small + 80, `${small} → ${grown}`);
  await draft().fill("x\n".repeat(200));
  assert.ok((await height()) <= 0.45 * 820);
});

test("without a key the dialog opens, the draft is kept, and nothing is sent by itself afterwards", async () => {
  await scenario("fresh");
  await open();
  await send("A thought worth keeping");
  const dialog = page.locator("dialog");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await draft().inputValue(), "A thought worth keeping");
  await draft().press("Enter");
  await dialog.locator('input[name="key"]').fill("sk-test-0123456789-WXYZ");
  await dialog.getByRole("button", { name: "Save key" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.getByRole("article").count(), 0);
  assert.equal(await draft().inputValue(), "A thought worth keeping");
  assert.equal(await draft().evaluate((area) => area === document.activeElement), true);
  await page.keyboard.press("Enter");
  await finished();
  assert.ok((await page.locator(".destination").innerText()).includes("WXYZ"));
});

test("a session key lives in the page only: it is sent along, and a reload forgets it", async () => {
  await scenario("session-only");
  await open();
  await send("hello");
  const dialog = page.locator("dialog");
  await dialog.getByText("reload and it is forgotten").waitFor();
  await dialog.locator('input[name="key"]').fill("sk-memory-0123456789-ABCD");
  await dialog.getByRole("button", { name: "Use for this page" }).click();
  await dialog.waitFor({ state: "detached" });
  const sent = page.waitForRequest("**/api/chat/completions");
  await draft().press("Enter");
  assert.match((await sent).headers()["x-session-key"], /^[0-9a-f-]{36}$/);
  await finished();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(kept, /sk-memory|[0-9a-f]{8}-[0-9a-f]{4}-/);
  await page.reload();
  await finished();
  await page.getByText("No key yet").waitFor();
});

test("a mismatch of model and key is solved in two clicks", async () => {
  await scenario("mismatch");
  await page.addInitScript(() => localStorage.setItem("grove.model", JSON.stringify({ id: "gpt-5.2", provider: "openai" })));
  await open();
  await send("which key?");
  await page.getByText("Your draft is kept").waitFor();
  await page.getByRole("button", { name: /^Use anthropic/ }).click();
  assert.equal(await draft().inputValue(), "which key?");
  await page.getByRole("button", { name: "Send" }).click();
  await finished();
});

test("a local server needs an address and no key; any model's name can be typed", async () => {
  await scenario("no-models");
  await open();
  await page.getByRole("button", { name: /Add your first key/ }).click();
  const dialog = page.locator("dialog");
  await dialog.getByText("Local or compatible").click();
  const added = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/api/api-keys"));
  await dialog.getByRole("button", { name: "Save key" }).click();
  assert.deepEqual((await added).postDataJSON(), { provider: "openai-compatible", key: "none", baseUrl: "http://localhost:11434/v1", keyName: "Local or compatible" });
  await dialog.waitFor({ state: "detached" });
  await send("hi");
  await page.getByText("Which model?").waitFor();
  await page.locator(".notice").getByRole("button", { name: "Choose a model" }).click();
  const search = page.getByRole("combobox", { name: "Search models" });
  await search.fill("qwen3:30b");
  await search.press("Enter");
  const sent = page.waitForRequest("**/api/chat/completions");
  await draft().press("Enter");
  assert.equal((await sent).postDataJSON().model, "qwen3:30b");
  assert.equal((await sent).postDataJSON().provider, "openai-compatible");
  await finished();
});

test("stop ends the answer where it is, and it does not grow back", async () => {
  await open();
  await send("slow trie");
  await answer().getByText("prefix tree").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("You stopped this answer").waitFor();
  const text = await words();
  await page.waitForTimeout(600);
  assert.equal(await words(), text);
  await page.reload();
  await page.getByText("You stopped this answer").waitFor();
  assert.equal(await words(), text);
});

test("a connection cut in the middle is picked up again, nothing lost and nothing doubled", async () => {
  await open();
  const again = page.waitForRequest("**/api/chat/runs/*/events?after=*");
  await send("drop the line");
  assert.ok(Number(new URL((await again).url()).searchParams.get("after")) > 0);
  await finished();
  const resumed = await words();
  await page.reload();
  await finished();
  assert.equal(resumed, await words());
});

test("a reload in the middle of an answer follows it to its end", async () => {
  await open();
  await send("slow trie");
  await answer().getByText("prefix tree").waitFor();
  await page.reload();
  await answer().getByText("Each node holds").waitFor();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  const text = await words();
  assert.equal(text.match(/A prefix tree/g)?.length, 1);
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("You stopped this answer").waitFor();
});

test("leaving a chat does not stop its answer", async () => {
  await open();
  await send("slow trie");
  await answer().getByText("prefix tree").waitFor();
  await rows().nth(1).click();
  await page.getByText("for a child").waitFor();
  await page.getByRole("img", { name: "Answering" }).waitFor();
  await rows().first().click();
  await answer().getByText("Each node holds").waitFor();
});

test("a refusal says what to do and gives the draft back", async () => {
  await open();
  for (const [text, title] of [["refuse", "did not accept the key"], ["limit", "Too many requests"], ["down", "The provider had a problem"]]) {
    await send(text);
    await page.getByRole("alert").getByText(title).waitFor();
    assert.equal(await draft().inputValue(), text);
    assert.equal(await page.getByRole("article").count(), 0);
  }
});

test("sending the same draft again after a refusal keeps its message id", async () => {
  await open();
  const first = page.waitForRequest("**/api/chat/completions");
  await send("down");
  const id = (await first).postDataJSON().messageId;
  await page.getByRole("alert").waitFor();
  const second = page.waitForRequest("**/api/chat/completions");
  await draft().press("Enter");
  assert.equal((await second).postDataJSON().messageId, id);
});

test("an answer that breaks off keeps its text and can be asked for again", async () => {
  await open();
  await send("fail");
  await answer().getByText("The provider had a problem").waitFor();
  assert.match(await words(), /prefix tree/);
  const again = page.waitForRequest("**/api/chat/completions");
  await answer().getByRole("button", { name: "Try again" }).click();
  const body = (await again).postDataJSON();
  assert.match(body.regenerate, /^[0-9a-f-]{36}$/);
  assert.equal(body.messages, undefined);
});

test("no network: the draft stays, and the way on is one button", async () => {
  await open();
  await context.setOffline(true);
  await send("are you there?");
  await page.getByText("Grove cannot be reached").waitFor();
  assert.equal(await draft().inputValue(), "are you there?");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Send again" }).click();
  await finished();
});

test("the column follows the answer until one scrolls up, and a button leads back", async () => {
  await open();
  await send("slow long");
  await answer().getByText("Looking up a word").waitFor();
  const gap = () => page.locator(".scroll").evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  await page.setViewportSize({ width: 1280, height: 420 });
  await answer().getByText("dataclass").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".scroll").scrollHeight > 700);
  assert.ok((await gap()) < 60, "at the end");
  await page.locator(".scroll").hover();
  await page.mouse.wheel(0, -300);
  const jump = page.getByRole("button", { name: "Jump to latest" });
  await jump.waitFor();
  const top = await page.locator(".scroll").evaluate((element) => element.scrollTop);
  await page.waitForTimeout(700);
  assert.equal(await page.locator(".scroll").evaluate((element) => element.scrollTop), top, "left alone while the answer grows");
  await jump.click();
  await page.waitForFunction(() => document.querySelector(".jump").dataset.shown === "false");
});

test("rename and delete work with the keyboard alone, and a deleted chat's page does not stay", async () => {
  await open();
  await rows().first().click();
  await page.getByText("for a child").waitFor();
  await page.locator(".row .icon-button").first().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.getByLabel("New title").fill("A better name");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "A better name" }).waitFor();
  await page.locator(".row .icon-button").first().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const dialog = page.locator("dialog");
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Keep it");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/app");
  assert.notEqual(await rows().first().innerText(), "A better name");
});

test("the focus stays inside an open dialog and comes back after it", async () => {
  await open();
  const opener = page.getByRole("button", { name: "API tokens" });
  await opener.focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor();
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => (document.activeElement === document.body ? "browser" : document.activeElement.closest("dialog") ? "dialog" : "page"));
    assert.notEqual(where, "page");
  }
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
});

test("a token is shown once, with a snippet for the SDK, and can be revoked", async () => {
  await open();
  await page.getByRole("button", { name: "API tokens" }).click();
  await page.getByPlaceholder("Notebook script").fill("Laptop");
  await page.getByRole("button", { name: "Create token" }).click();
  const secret = await page.getByLabel("Token", { exact: true }).inputValue();
  assert.match(secret, /^grove_/);
  await page.locator(".secret").getByRole("button", { name: "Copy" }).last().click();
  const snippet = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(snippet.includes(`baseURL: "${house.origin}/api"`) && snippet.includes(secret));
  await page.getByRole("button", { name: "I have copied it" }).click();
  assert.equal(await page.getByText(secret).count(), 0);
  await page.getByRole("button", { name: "Revoke Laptop" }).click();
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await page.getByRole("button", { name: "Revoke Laptop" }).waitFor({ state: "detached" });
});

test("copy says that it worked or failed, and forgets both", async () => {
  await open();
  await send("everything");
  await finished();
  const copy = answer().locator(".code-head button");
  await copy.click();
  await copy.getByText("Copied").waitFor();
  await copy.getByText("Copy", { exact: true }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^from dataclasses/);
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
    document.execCommand = () => false;
  });
  await copy.click();
  await copy.getByText("Could not copy").waitFor();
  await copy.getByText("Copy", { exact: true }).waitFor();
});

test("a long conversation opens at its end, and earlier pages come without a jump", async () => {
  await open();
  await page.getByRole("link", { name: "A long conversation" }).click();
  await page.getByText("Answer 60.").waitFor();
  const gap = () => page.locator(".scroll").evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  assert.ok((await gap()) < 5, "at the end");
  assert.equal(await page.getByText("Question 30", { exact: true }).count(), 0);
  await page.locator(".scroll").evaluate((element) => (element.scrollTop = 0));
  const mark = page.getByText("Question 41", { exact: true });
  const before = (await mark.boundingBox()).y;
  await page.getByRole("button", { name: "Show earlier messages" }).click();
  await page.getByText("Question 21", { exact: true }).waitFor({ state: "attached" });
  await page.waitForTimeout(200);
  assert.ok(Math.abs((await mark.boundingBox()).y - before) < 45, "what was on the screen stays there");
  await page.getByRole("button", { name: "Show earlier messages" }).click();
  await page.getByText("Question 1", { exact: true }).waitFor({ state: "attached" });
  assert.equal(await page.getByRole("article", { name: "You" }).count(), 60);
});

test("a finished answer is announced", async () => {
  await open();
  await send("hello");
  await page.locator(".offscreen[role=status]").getByText(/^Answer finished, \d+ words/).waitFor({ state: "attached" });
});

test("the chosen theme is there before the first paint of every page", async () => {
  await open();
  await page.getByRole("button", { name: "Dark" }).click();
  for (const path of ["/app", "/", "/pricing", "/errors/404.html"]) {
    await page.goto(path, { waitUntil: "commit" });
    await page.waitForFunction(() => document.body);
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark", path);
  }
});

test("at phone width the sidebar is a drawer and nothing is wider than the screen", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/", "/pricing", "/errors/404.html", "/app"]) {
    await page.goto(path);
    await page.waitForLoadState("networkidle");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, path);
  }
  await send("everything");
  await finished();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  assert.equal(await page.locator(".sidebar").isVisible(), false);
  await page.getByRole("button", { name: "Show sidebar" }).click();
  assert.equal(await page.locator("main").evaluate((main) => main.inert), true, "what lies behind the drawer cannot be reached");
  await rows().nth(1).click();
  await page.locator(".sidebar").waitFor({ state: "hidden" });
  assert.equal(await page.locator("main").evaluate((main) => main.inert), false);
});

test("every text has enough contrast, in light and in dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const path of ["/", "/pricing", "/app"]) {
      await page.goto(path);
      await page.waitForLoadState("networkidle");
      if (path === "/app") {
        await send("everything");
        await finished();
        await answer().locator(".hljs-keyword").first().waitFor();
      }
      assert.deepEqual(await page.evaluate(lowContrast), [], `${path} ${colorScheme}`);
    }
  }
});

/* Runs in the page: texts whose contrast with what lies behind them is below AA. */
function lowContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((value, i) => value * top[3] + under[i] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = (color) => {
    const [r, g, b] = color.map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest("[disabled]")) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const front = over(rgba(style.color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)} ${element.className || element.tagName}: ${node.data.trim().slice(0, 30)}`);
  }
  return poor;
}
