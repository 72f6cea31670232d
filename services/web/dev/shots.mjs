/* Pictures of every page and state, in light, dark and at phone width: node dev/shots.mjs [directory] [name…] */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage } from "./browser.mjs";
import { serve } from "./serve.mjs";

const [out = "dist-shots", ...only] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

const ready = (page) => page.locator("#draft").waitFor();
const scenario = (page, name) => page.request.post("/api/_mock", { data: { scenario: name } });
const write = async (page, text) => {
  await ready(page);
  await page.locator("#draft").fill(text);
};
const send = async (page, text) => {
  await write(page, text);
  await page.keyboard.press("Enter");
};
const finished = (page) => page.getByRole("button", { name: "Regenerate" }).waitFor({ timeout: 20000 });

const states = {
  landing: async (page) => page.goto("/"),
  pricing: async (page) => page.goto("/pricing"),
  error404: async (page) => page.goto("/nothing"),
  error401: async (page) => page.goto("/errors/401.html"),
  error50x: async (page) => page.goto("/errors/50x.html"),
  first: async (page) => {
    await scenario(page, "fresh");
    await page.goto("/app");
    await page.locator(".first-step").waitFor();
  },
  empty: async (page) => {
    await page.goto("/app");
    await ready(page);
    await page.locator(".row").first().waitFor({ state: "attached" });
  },
  keygate: async (page) => {
    await scenario(page, "fresh");
    await page.goto("/app");
    await send(page, "How do prefix trees work?");
    await page.locator("dialog").waitFor();
  },
  keylocal: async (page) => {
    await states.keygate(page);
    await page.getByText("Local or compatible").click();
  },
  keysession: async (page) => {
    await scenario(page, "session-only");
    await page.goto("/app");
    await send(page, "Hello");
    await page.locator("dialog").waitFor();
  },
  keys: async (page) => {
    await states.empty(page);
    if (await page.getByRole("button", { name: "Show sidebar" }).isVisible()) await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.getByRole("button", { name: /^Keys/ }).click();
    await page.getByRole("button", { name: /Delete key Personal/ }).click();
  },
  mismatch: async (page) => {
    await scenario(page, "mismatch");
    await page.addInitScript(() => localStorage.setItem("grove.model", JSON.stringify({ id: "gpt-5.2", provider: "openai" })));
    await page.goto("/app");
    await send(page, "Which is the better key?");
    await page.locator(".notice").waitFor();
  },
  chat: async (page) => {
    await page.goto("/app");
    await send(page, "Explain prefix trees with everything: code, a table, a list.");
    await finished(page);
    await page.locator(".hljs-keyword").first().waitFor();
    await page.locator(".scroll").evaluate((element) => (element.scrollTop = 0));
    await page.waitForTimeout(300);
  },
  chatend: async (page) => {
    await page.goto("/app");
    await send(page, "Explain prefix trees with everything: code, a table, a list.");
    await finished(page);
  },
  streaming: async (page) => {
    await page.goto("/app");
    await send(page, "slow trie please");
    await page.waitForTimeout(6000);
  },
  waiting: async (page) => {
    await page.goto("/app");
    await send(page, "silent");
    await page.waitForTimeout(8600);
  },
  failed: async (page) => {
    await page.goto("/app");
    await send(page, "fail in the middle");
    await page.locator(".assistant .failure").waitFor();
  },
  stopped: async (page) => {
    await page.goto("/app");
    await send(page, "slow trie please");
    await page.waitForTimeout(3000);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("You stopped this answer").waitFor();
  },
  refused: async (page) => {
    await page.goto("/app");
    await send(page, "refuse this");
    await page.locator(".notice-shell").waitFor();
  },
  toast: async (page) => {
    await page.goto("/app");
    await page.locator(".row").first().waitFor({ state: "attached" });
    if (await page.getByRole("button", { name: "Show sidebar" }).isVisible()) await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.locator(".row").first().hover();
    await page.locator(".row .icon-button").first().click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.locator("dialog").getByRole("button", { name: "Delete" }).click();
    await page.locator(".toast").waitFor();
  },
  delete: async (page) => {
    await page.goto("/app");
    await page.locator(".row").first().waitFor({ state: "attached" });
    if (await page.getByRole("button", { name: "Show sidebar" }).isVisible()) await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.locator(".row").first().hover();
    await page.locator(".row .icon-button").first().click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.locator("dialog").waitFor();
  },
  menu: async (page) => {
    await page.goto("/app");
    await page.locator(".row").first().waitFor({ state: "attached" });
    if (await page.getByRole("button", { name: "Show sidebar" }).isVisible()) await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.locator(".row").nth(2).hover();
    await page.locator(".row").nth(2).locator(".icon-button").click();
  },
  picker: async (page) => {
    await states.empty(page);
    await page.locator(".model-button").click();
    await page.waitForTimeout(200);
  },
  tokens: async (page) => {
    await states.empty(page);
    if (await page.getByRole("button", { name: "Show sidebar" }).isVisible()) await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.getByRole("button", { name: "API tokens" }).click();
    await page.locator(".key-row").waitFor();
  },
  secret: async (page) => {
    await states.tokens(page);
    await page.getByPlaceholder("Notebook script").fill("Laptop");
    await page.getByRole("button", { name: "Create token" }).click();
    await page.locator(".secret").waitFor();
  },
  missing: async (page) => {
    await page.goto("/app/c/00000000-0000-4000-8000-000000000000");
    await page.getByText("This chat is not here").waitFor();
  },
  noserver: async (page) => {
    await scenario(page, "broken");
    await page.goto("/app");
    await page.locator(".failure").waitFor();
  },
  signedout: async (page) => {
    await scenario(page, "unauthenticated");
    await page.goto("/app");
    await page.getByText("You are signed out").waitFor();
  },
  drawer: async (page) => {
    await states.empty(page);
    if (await page.getByRole("button", { name: "Show sidebar" }).isVisible()) await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.waitForTimeout(350);
  },
};

const looks = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { colorScheme: "light", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
];

const { server, origin } = await serve();
const browser = await launch();
for (const [name, act] of Object.entries(states)) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const [look, options] of looks) {
    const { page, context, complaints } = await openPage(browser, origin, options);
    await scenario(page, "demo");
    try {
      await act(page);
      await page.waitForTimeout(450);
      await page.screenshot({ path: join(out, `${name}-${look}.png`), fullPage: ["landing", "pricing"].includes(name) });
    } catch (error) {
      console.error(`${name}-${look}: ${error}`);
      await page.screenshot({ path: join(out, `${name}-${look}-FAILED.png`) });
    }
    const bad = complaints.filter((text) => !/status of (401|404|403|422|429|502|503)/.test(text));
    if (bad.length > 0) console.error(`${name}-${look} complained:`, bad);
    await context.close();
  }
}
await browser.close();
server.closeAllConnections();
server.close();
