// SPDX-License-Identifier: MIT
// Chromium for the browser tests: started quietly, every complaint of a page collected, a picture of each step.
import { join } from "node:path";
import { chromium } from "playwright-core";

export const { GROVE_URL: origin, MODEL_URL: model, SHOTS: shots } = process.env;

// Runs act({ page, shot, complaints }) in a fresh profile and exits 1 with a picture when it throws.
export async function test(name, act, options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 820 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => !/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${origin}/`) && complaints.push(`foreign request: ${request.url()}`));
  const shot = (step) => page.screenshot({ path: join(shots, `${name}-${step}.png`) });
  try {
    await act({ page, shot, complaints, context });
  } catch (error) {
    console.error(error);
    console.error("complaints:", complaints);
    await shot("failed").catch(() => {});
    process.exitCode = 1;
  }
  await browser.close();
}

export function expect(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}

// Saves a key for an OpenAI-compatible server in the key dialog that is open.
export async function addLocalKey(page, address = model) {
  const dialog = page.locator("dialog");
  await dialog.getByText("Local or compatible").click();
  await dialog.locator('input[name="baseUrl"]').fill(address);
  await dialog.locator('input[name="key"]').fill("sk-browser-0123456789abcdef");
  await dialog.locator('button[type="submit"]').click();
  await dialog.waitFor({ state: "detached" });
}

// Chooses a model by typing its name.
export async function chooseModel(page, name) {
  await page.locator(".model-button").click();
  const search = page.getByRole("combobox", { name: "Search models" });
  await search.fill(name);
  await search.press("Enter");
}

export async function send(page, text) {
  await page.locator("#draft").fill(text);
  await page.locator("#draft").press("Enter");
}

export const answer = (page) => page.getByRole("article", { name: "Answer" }).last();
export const finished = (page) => page.getByRole("button", { name: "Regenerate" }).waitFor();
