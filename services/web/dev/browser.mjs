/* Debian's Chromium for screenshots and browser tests, quiet and without its own network traffic. */

import { chromium } from "playwright-core";

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/* A page that reports everything it complains about: console errors, policy violations, exceptions, foreign requests. */
export async function openPage(browser, origin, options = {}) {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 820 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => !/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin) && complaints.push(`foreign request: ${request.url()}`));
  return { page, context, complaints };
}
