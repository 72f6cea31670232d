// SPDX-License-Identifier: MIT
// A model that answers with scripts, pictures from elsewhere and worse: it stays text, and nothing leaves the page.
import { answer, chooseModel, expect, finished, send, test } from "./lib.mjs";

await test("hostile_answer", async ({ page, shot, complaints }) => {
  await page.goto("/app");
  await page.locator("#draft").waitFor();
  await chooseModel(page, "hostile");
  await send(page, "Be hostile");
  await finished(page);
  await answer(page).getByText("fine").waitFor();
  await shot("1-answered");
  expect((await page.title()) !== "owned", "no script of the answer to run");
  expect((await answer(page).locator("script, iframe, img, object, embed").count()) === 0, "no element that loads anything");
  const links = await answer(page).locator("a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  expect(links.every((link) => !link || /^https?:/.test(link)), `only web links, not ${links}`);
  expect(complaints.length === 0, `a quiet page, not ${JSON.stringify(complaints)}`);
});
