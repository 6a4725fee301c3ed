// The main journey without a mouse.
import { type Page } from "@playwright/test";

import { expect, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

/** Tabs there, forward or back as a person would, and not for ever. */
async function tabTo(page: Page, target: ReturnType<Page["locator"]>): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 60; presses += 1) {
    const way = await target.evaluate((element) => {
      const active = document.activeElement ?? document.body;
      if (active === element) return "there";
      return active.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING ? "back" : "on";
    });
    if (way === "there") {
      const outline = await target.evaluate((element) => {
        const style = getComputedStyle(element);
        return style.outlineStyle !== "none" || style.boxShadow !== "none";
      });
      expect(outline, "the focus can be seen").toBe(true);
      return;
    }
    await page.keyboard.press(way === "back" ? "Shift+Tab" : "Tab");
  }
  throw new Error(`the Tab key never reached ${target}`);
}

test("sign in, create, copy, close, revoke and sign out with the keyboard alone", async ({ server, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const login = new LoginPage(page);
  const profile = new ProfilePage(page);
  const shell = new Shell(page);

  await page.goto(`${server.url}/login`);
  await tabTo(page, login.login);
  await page.keyboard.type(ada.username);
  await tabTo(page, login.password);
  await page.keyboard.type(ada.password);
  await page.keyboard.press("Enter");
  await expect(profile.heading).toBeVisible();

  await tabTo(page, profile.create);
  await page.keyboard.press("Enter");
  await tabTo(page, profile.form.name);
  await page.keyboard.type("by-keyboard");
  await page.keyboard.press("Enter");
  await profile.reveal.read();
  await tabTo(page, profile.reveal.copy);
  await page.keyboard.press("Enter");
  await expect(profile.reveal.copied).toBeVisible();
  await tabTo(page, profile.reveal.done);
  await page.keyboard.press("Enter");
  await expect(profile.reveal.text).toHaveCount(0);
  await expect(profile.create).toBeFocused();

  await tabTo(page, profile.action("Revoke", "by-keyboard"));
  await page.keyboard.press("Enter");
  await tabTo(page, profile.revokeDialog.getByRole("button", { name: "Revoke now" }));
  await page.keyboard.press("Enter");
  await expect(shell.notice.filter({ hasText: "Revoked" })).toBeVisible();

  await tabTo(page, shell.accountMenu);
  await page.keyboard.press("Enter");
  await tabTo(page, shell.signOut);
  await page.keyboard.press("Enter");
  await expect(login.heading).toBeVisible();
});
