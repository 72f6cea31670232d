// SPDX-License-Identifier: MIT
// Writing before there is a key: the draft is kept, the dialog leads on, and the message goes out with two clicks.
import { addLocalKey, chooseModel, expect, finished, test } from "./lib.mjs";

await test("send_gate", async ({ page, shot, complaints }) => {
  await page.goto("/app");
  const draft = page.locator("#draft");
  await draft.fill("A long thought that must not be lost");
  await draft.press("Enter");
  await page.locator("dialog").waitFor();
  await shot("1-guidance");
  await page.keyboard.press("Escape");
  expect((await draft.inputValue()) === "A long thought that must not be lost", "the draft to be kept after the dialog was closed");
  await draft.press("Enter");
  await addLocalKey(page);
  expect((await draft.inputValue()) === "A long thought that must not be lost", "the draft to be kept after a key was added");
  await chooseModel(page, "grove-test-model");
  await draft.press("Enter");
  await finished(page);
  await page.getByText("quick brown fox").waitFor();
  await shot("2-sent");
  expect(complaints.filter((text) => !/status of 403/.test(text)).length === 0, `a quiet page, not ${JSON.stringify(complaints)}`);
});
