// A device whose clock is off: what the server counts is counted from the server's clock, and the page says so.
import { type BrowserContext, type Page } from "@playwright/test";

import { mint } from "../support/api.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { Server, ada } from "../support/server.ts";
import { ProfilePage } from "../pages/profile.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Sets the clock of the page's device, which goes on from there. */
async function setAhead(page: Page, minutes: number): Promise<void> {
  await page.clock.setSystemTime(Date.now() + minutes * MINUTE);
}

/** How long the token lives, by the server's own account. */
async function lifetime(context: BrowserContext, server: Server, name: string): Promise<number> {
  const answer = await context.request.get(`${server.url}/api/v1/auth/api-tokens`, { headers: { Origin: server.url } });
  const { items } = (await answer.json()) as { items: { name: string; created_at: string; expires_at: string }[] };
  const token = items.find((token) => token.name === name)!;
  return Date.parse(token.expires_at) - Date.parse(token.created_at);
}

for (const minutes of [-15, 15]) {
  const side = minutes < 0 ? "behind" : "ahead of";
  test(`a token lives as long as was chosen on a device that is ${side} the server by minutes`, async ({
    server,
    context,
    signedIn: page,
  }) => {
    await setAhead(page, minutes);
    const profile = new ProfilePage(page);
    await page.goto(`${server.url}/profile`);
    await profile.create.click();
    await profile.form.name.fill("on-time");
    await profile.form.expires.selectOption({ label: "In 7 days" });
    await profile.form.submit.click();
    await profile.reveal.read();
    expect(await lifetime(context, server, "on-time")).toBe(7 * DAY);
  });

  test(`the page says that its device is ${side} the server by minutes, and tells times by the server`, async ({
    server,
    context,
    signedIn: page,
  }) => {
    await mint(context, server, { name: "just-made" });
    await setAhead(page, minutes);
    const profile = new ProfilePage(page);
    await page.goto(`${server.url}/profile`);
    await expect(page.getByText(`This device's clock is about 15 minutes ${side} the server's.`)).toBeVisible();
    const created = profile.row("just-made").locator("time").first();
    await expect(created).toHaveText(/just now|seconds ago|1 minute ago/);
  });
}

test("the longest lifetime can be had on a device that is ahead of the server", async ({ running, context, page }) => {
  const server = await Server.create({
    UPTRAKIT_TOKEN_LONGEST_LIFETIME_DAYS: "45",
    UPTRAKIT_TOKEN_DEFAULT_LIFETIME_DAYS: "45",
  });
  running.push(server);
  await server.addPerson(ada);
  await server.start();
  await signIn(context, server, ada);
  await setAhead(page, 15);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.name.fill("longest");
  await profile.form.expires.selectOption({ label: "In 45 days" });
  await profile.form.submit.click();
  await profile.reveal.read();
  expect(await lifetime(context, server, "longest")).toBe(45 * DAY);
});

test("a device that is a few seconds off is told nothing", async ({ server, signedIn: page }) => {
  await page.clock.setSystemTime(Date.now() + 20_000);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await expect(profile.create).toBeVisible();
  await expect(page.getByText("This device's clock")).toHaveCount(0);
});
