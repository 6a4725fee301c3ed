// What a screen reader is told while the eye sees it happen: everything that comes into a live region.
import type { Page } from "@playwright/test";

import { call, mint } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

/** Notes whatever changes in live regions that can be heard: those outside an open modal dialog can't. */
async function listen(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    const live = "[aria-live=polite], [aria-live=assertive], [role=status], [role=alert]";
    new MutationObserver((changes) => {
      const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const regions = [element?.closest(live), ...(element?.querySelectorAll("[role=alert]") ?? [])];
        for (const region of regions) {
          const text = region?.textContent?.trim();
          if (text && (!modal || modal.contains(region!))) heard.push(text);
        }
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
}

const heard = (page: Page) => page.evaluate(() => (window as unknown as { heard: string[] }).heard.join("\n"));

test("reveal, first use, copy and revoke are announced", async ({ server, context, signedIn: page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await listen(page);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("announced");
  // Arriving at a heading is how a screen reader tells of new content; the text itself must not be read out at once.
  await expect(page.getByRole("dialog").getByRole("heading").first()).toBeFocused();
  expect(await heard(page)).not.toContain(token);

  expect((await call(server, token, "/auth/me")).status).toBe(200);
  await expect.poll(() => heard(page), { timeout: 30_000 }).toContain("First use seen from 127.0.0.1");
  await profile.reveal.copy.click();
  await expect.poll(() => heard(page)).toContain("Copied to the clipboard");
  await profile.reveal.done.click();

  await profile.revoke("announced");
  await expect.poll(() => heard(page)).toMatch(/Revoked\. Effective everywhere since/);
});

test("a refused clipboard is announced", async ({ server, signedIn: page }) => {
  await listen(page);
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
    Object.defineProperty(navigator, "clipboard", { value: { writeText: refuse } });
  });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.createToken("by-hand");
  await profile.reveal.copy.click();
  await expect.poll(() => heard(page)).toContain("press Ctrl+C");
});

test("errors are announced, or read with the field that has the focus", async ({
  server,
  complaints,
  signedIn: page,
}) => {
  complaints.provoke(/status of (422|503)/);
  await listen(page);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.submit.click();
  await expect(profile.form.name).toBeFocused();
  await expect(profile.form.name).toHaveAccessibleDescription(/name/i);

  await page.route(/\/rpc\/create_token/, (route) => route.fulfill({ status: 503, body: "" }));
  await profile.form.name.fill("unlucky");
  await profile.form.submit.click();
  await expect(profile.form.dialog.getByRole("alert")).toBeFocused();
  await expect.poll(() => heard(page)).toMatch(/answer can't be read|can't be reached/);
});

test("how many a search has found is announced", async ({ server, context, signedIn: page }) => {
  await listen(page);
  for (const name of ["deploy", "backup"]) await mint(context, server, { name });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await expect(profile.rows).toHaveCount(2);
  await profile.search.fill("backup");
  await expect.poll(() => heard(page)).toContain("1 token found");
  await profile.search.fill("nothing like it");
  await expect.poll(() => heard(page)).toContain("0 tokens found");
});

test("being offline is announced", async ({ server, context, complaints, signedIn: page }) => {
  complaints.provoke(/ERR_INTERNET_DISCONNECTED/);
  await listen(page);
  await page.goto(`${server.url}/profile`);
  await expect(new ProfilePage(page).create).toBeVisible();
  await context.setOffline(true);
  await expect.poll(() => heard(page)).toContain("You are offline.");
  await context.setOffline(false);
});

test("the tab has the name of the page that it shows", async ({ server, signedIn: page, complaints }) => {
  complaints.provoke(/404/);
  const shell = new Shell(page);
  await page.goto(`${server.url}/profile`);
  await expect(page).toHaveTitle("Profile · Uptrakit");
  await shell.navigation("Hosts").click();
  await expect(page).toHaveTitle("Hosts · Uptrakit");
  await page.goBack();
  await expect(page).toHaveTitle("Profile · Uptrakit");
  await page.goto(`${server.url}/nowhere`);
  await expect(page).toHaveTitle("Page not found · Uptrakit");
});
