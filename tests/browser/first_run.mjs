// SPDX-License-Identifier: MIT
// A stranger's first minutes: landing page → app → key → message → streamed answer → reload → still there.
import { addLocalKey, answer, chooseModel, expect, finished, origin, send, test } from "./lib.mjs";

await test("first_run", async ({ page, shot, complaints }) => {
  await page.goto("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await shot("1-landing");
  await page.getByRole("link", { name: "Open Grove" }).first().click();
  await page.waitForURL(`${origin}/app**`);

  await page.getByRole("button", { name: /Add your first key/ }).click();
  await shot("2-key-dialog");
  await addLocalKey(page);
  await chooseModel(page, "grove-test-model");

  await send(page, "Tell me about branches");
  await answer(page).getByText("A branch is a").waitFor();
  const early = await answer(page).innerText();
  expect(!early.includes("Ask away"), "the beginning of the answer to be on the page before its end");
  await shot("3-streaming");
  await finished(page);
  await answer(page).getByText("Ask away.").waitFor();
  expect((await answer(page).locator("strong").first().innerText()) === "named place", "Markdown to be rendered");
  expect((await answer(page).locator("pre code").count()) === 1, "a code block");
  await shot("4-answered");

  const address = page.url();
  expect(/\/app\/.+/.test(address), "an address of its own for the conversation");
  await page.reload();
  await page.getByText("Tell me about branches").first().waitFor();
  await answer(page).getByText("Ask away.").waitFor();
  await shot("5-reloaded");

  await page.goto("/app");
  await page.locator(".row a").first().click();
  await answer(page).getByText("Ask away.").waitFor();

  await send(page, "And another thing");
  await page.getByText("quick brown fox").waitFor();
  await finished(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await shot("6-dark");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await page.getByText("quick brown fox").waitFor();
  await shot("7-phone");

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(!kept.includes("sk-browser"), "no key in the browser's storage");
  expect(complaints.length === 0, `a quiet page, not ${JSON.stringify(complaints)}`);
});
