// Lists are updated, not drawn anew: what a person is at stays as it is while something changes around it.
import { type Locator, type Page } from "@playwright/test";

import { call, mint, report } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { ProfilePage } from "../pages/profile.ts";
import { UsersPage } from "../pages/users.ts";

const row = (page: Page, name: string) => page.getByTestId("host-row").filter({ hasText: name });

/** Marks the very element, so that one in its place is told from it. */
const mark = (element: Locator) => element.evaluate((it) => void Object.assign(it, { isMarked: true }));
const isMarked = (element: Locator) => element.evaluate((it) => "isMarked" in it);

test("the focus, a selection and the scroll position stay while hosts report", async ({
  server,
  context,
  signedIn: page,
}) => {
  const token = await mint(context, server, { name: "reporter" });
  const said = (name: string, updates: number) =>
    call(server, token, "/hosts/report", { method: "POST", json: report(name, { pending_updates: updates }) });
  const names = Array.from({ length: 15 }, (_, index) => `web-${10 + index}`);
  for (const name of names) await said(name, 1);
  await page.setViewportSize({ width: 1280, height: 400 });
  await page.goto(`${server.url}/hosts`);
  await expect(row(page, "web-24")).toBeVisible();

  const button = page.getByRole("button", { name: "Delete web-18", exact: true });
  await button.focus();
  await row(page, "web-18").evaluate((it) => {
    getSelection()!.selectAllChildren(it.querySelector("[data-label='Operating system'] .sub")!);
  });
  const selected = () => page.evaluate(() => getSelection()!.toString());
  const place = () => page.evaluate(() => window.scrollY);
  const [text, top] = [await selected(), await place()];
  expect(text).not.toBe("");
  expect(top).toBeGreaterThan(0);

  // The host itself reports, those around it do, and new ones come and go before and behind it.
  for (const name of ["web-18", "web-10", "web-24"]) await said(name, 7);
  await expect(row(page, "web-18").getByRole("cell").nth(1)).toHaveText("7");
  await expect(row(page, "web-24").getByRole("cell").nth(1)).toHaveText("7");
  const added = (await said("web-11-b", 3)).body.id as string;
  await expect(row(page, "web-11-b")).toBeVisible();
  await call(server, token, `/hosts/${added}`, { method: "DELETE" });
  await expect(row(page, "web-11-b")).toHaveCount(0);

  await expect(button).toBeFocused();
  expect(await selected()).toBe(text);
  // A browser holds what is seen in its place when something is added above it.
  expect(Math.abs((await place()) - top)).toBeLessThan(5);
});

test("a row that moves is the same row, and the others are not drawn anew", async ({
  server,
  context,
  signedIn: page,
}) => {
  const token = await mint(context, server, { name: "reporter" });
  const said = (name: string) => call(server, token, "/hosts/report", { method: "POST", json: report(name) });
  for (const name of ["alpha", "beta", "gamma"]) await said(name);
  await page.goto(`${server.url}/hosts?sort=-last_seen_at`);
  const rows = page.getByTestId("host-row");
  await expect(rows.first()).toContainText("gamma");
  for (const name of ["alpha", "beta", "gamma"]) await mark(row(page, name));
  const button = page.getByRole("button", { name: "Rename gamma", exact: true });
  await button.focus();
  await row(page, "beta").evaluate((it) => getSelection()!.selectAllChildren(it.querySelector(".sub")!));
  const selected = () => page.evaluate(() => getSelection()!.toString());
  const text = await selected();
  expect(text).not.toBe("");
  await said("alpha");
  await expect(rows.first()).toContainText("alpha");
  for (const name of ["alpha", "beta", "gamma"]) expect(await isMarked(row(page, name)), name).toBe(true);
  await expect(button).toBeFocused();
  await expect.poll(selected).toBe(text);
});

test("an open menu stays open while hosts report", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-1") });
  await page.goto(`${server.url}/hosts`);
  await expect(row(page, "web-1")).toBeVisible();
  await page.getByRole("button", { name: "Account menu" }).click();
  const signOut = page.getByRole("button", { name: "Sign out" });
  await expect(signOut).toBeVisible();
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-2") });
  await expect(row(page, "web-2")).toBeVisible();
  await expect(signOut).toBeVisible();
});

test("an open part, a selection and the rows that stay are left alone when a token goes", async ({
  server,
  context,
  signedIn: page,
}) => {
  for (const name of ["first", "second", "third"]) await mint(context, server, { name });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await expect(profile.rows).toHaveCount(3);
  const details = page.locator("details").filter({ hasText: "What this account may do" });
  await details.getByText("What this account may do").click();
  await expect(details).toHaveAttribute("open", "");
  for (const name of ["first", "third"]) await mark(profile.row(name));
  await profile.row("third").evaluate((it) => getSelection()!.selectAllChildren(it.querySelector("code")!));
  const selected = await page.evaluate(() => getSelection()!.toString());
  expect(selected).not.toBe("");

  // Somewhere else, so that nothing in this page takes the focus; the list is fetched again when the page is told to.
  await page.evaluate(async () => {
    const answer = await fetch("/api/v1/auth/api-tokens?q=second");
    const [token] = (await answer.json()).items;
    await fetch(`/api/v1/auth/api-tokens/${token.id}`, { method: "DELETE" });
    window.dispatchEvent(new Event("offline"));
  });
  await expect(page.getByText("You are offline.")).toBeVisible();
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(profile.rows).toHaveCount(2);
  for (const name of ["first", "third"]) expect(await isMarked(profile.row(name)), name).toBe(true);
  expect(await page.evaluate(() => getSelection()!.toString())).toBe(selected);
  await expect(details).toHaveAttribute("open", "");
});

test("the events that were there stay when newer ones come", async ({ server, context, signedIn: page }) => {
  await mint(context, server, { name: "first" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const old = profile.activity.getByRole("listitem").filter({ hasText: "first" });
  await expect(old).toBeVisible();
  await mark(old);
  await mint(context, server, { name: "another" });
  const refresh = profile.activity.getByRole("button", { name: "Refresh" });
  await refresh.click();
  await expect(profile.activity.getByRole("listitem").filter({ hasText: "another" })).toBeVisible();
  expect(await isMarked(old)).toBe(true);
  await expect(refresh).toBeFocused();
});

test("the button of a person stays the same while the list around it changes", async ({ server, signedIn: page }) => {
  const users = new UsersPage(page);
  await page.goto(`${server.url}/users`);
  await mark(users.row("ada@example.org"));
  await users.invite("grace");
  await expect(users.row("grace@example.org")).toBeVisible();
  expect(await isMarked(users.row("ada@example.org"))).toBe(true);
});
