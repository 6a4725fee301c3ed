// Closing or reloading the tab while it shows what can't be shown again.
import { type Page } from "@playwright/test";

import { mint } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { ProfilePage } from "../pages/profile.ts";
import { UsersPage } from "../pages/users.ts";

/** Tries to reload, and stays when the browser asks. */
async function tryToReload(page: Page): Promise<void> {
  const asked = page.waitForEvent("dialog", { timeout: 15_000 });
  await page.evaluate(() => setTimeout(() => location.reload(), 0));
  const question = await asked;
  expect(question.type()).toBe("beforeunload");
  await question.dismiss();
}

/** Reloads, and answers how often the browser asked. */
async function reload(page: Page): Promise<number> {
  let asked = 0;
  page.on("dialog", (question) => {
    asked += 1;
    void question.accept();
  });
  await page.reload();
  return asked;
}

test("a tab that shows a new token is reloaded only after asking, until the token is stored", async ({
  server,
  signedIn: page,
}) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("kept");
  await tryToReload(page);
  await expect(profile.reveal.text).toHaveText(token);
  await profile.reveal.stored.check();
  expect(await reload(page)).toBe(0);
  await expect(profile.row("kept")).toBeVisible();
});

test("a tab that shows a rotated token is reloaded only after asking", async ({ server, context, signedIn: page }) => {
  await mint(context, server, { name: "rotated" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.action("Rotate", "rotated").click();
  await profile.rotateDialog.getByRole("button", { name: "Rotate now", exact: true }).click();
  const token = await profile.reveal.read();
  await tryToReload(page);
  await expect(profile.reveal.text).toHaveText(token);
});

test("a tab that shows an invitation is reloaded only after asking, until the link is sent", async ({
  server,
  signedIn: page,
}) => {
  const users = new UsersPage(page);
  await page.goto(`${server.url}/users`);
  await users.add.click();
  await users.addDialog.getByLabel("Username", { exact: true }).fill("grace");
  await users.addDialog.getByLabel("Email", { exact: true }).fill("grace@example.org");
  await users.addDialog.getByRole("button", { name: "Add", exact: true }).click();
  const link = await users.invitation.innerText();
  await tryToReload(page);
  await expect(users.invitation).toHaveText(link);
  await users.addDialog.getByRole("checkbox", { name: "I have sent it" }).check();
  expect(await reload(page)).toBe(0);
  await expect(users.row("grace@example.org")).toBeVisible();
});

test("a tab that shows no secret is reloaded without asking", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.createTokenAndClose("stored");
  expect(await reload(page)).toBe(0);
  await expect(profile.row("stored")).toBeVisible();
});
