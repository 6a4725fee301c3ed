// A session that ends while a form is open: what was typed is there after signing in again, but for secrets.
import { type BrowserContext, type Locator, type Page } from "@playwright/test";

import { call, mint, report } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { isInMemory } from "../support/secrecy.ts";
import { type Person, type Server, ada } from "../support/server.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";
import { UsersPage } from "../pages/users.ts";

const grace: Person = { username: "grace", email: "grace@example.org", password: "quiet herons wade upstream" };

test.beforeEach(({ complaints }) => complaints.provoke(/status of 401/));

/** Ends the session as another browser would; this one's cookie stays. */
async function endSession(context: BrowserContext, server: Server): Promise<void> {
  const ended = await context.request.delete(`${server.url}/api/v1/auth/sessions/current`, {
    headers: { Origin: server.url },
  });
  expect(ended.status()).toBe(204);
}

/** Sends the form, which is too late, and signs in again. */
async function sendAndComeBack(page: Page, send: Locator, who = ada): Promise<void> {
  await send.click();
  await expect(page.getByText("You were signed out. Sign in again to go on where you were.")).toBeVisible();
  const login = new LoginPage(page);
  await login.signIn(who.username, who.password);
  await expect(login.heading).toHaveCount(0);
}

test("a new token's settings are there after signing in again, and make the token", async ({
  server,
  context,
  signedIn: page,
}) => {
  const profile = new ProfilePage(page);
  const { form } = profile;
  const day = form.dialog.getByLabel("Last day", { exact: true });
  const permission = form.dialog.getByRole("checkbox", { name: "hosts:report" });
  const networks = form.dialog.getByLabel("Networks", { exact: true });
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await form.name.fill("not-in-vain");
  await form.expires.selectOption({ label: "On a date" });
  const nextYear = `${new Date().getFullYear() + 1}-01-31`;
  await day.fill(nextYear);
  await form.chosen.check();
  await permission.check();
  await form.dialog.getByText("Allowed networks", { exact: true }).click();
  await networks.fill("127.0.0.0/8\n::1/128");
  await endSession(context, server);
  await sendAndComeBack(page, form.submit);

  await expect(form.name).toHaveValue("not-in-vain");
  await expect(form.expires).toHaveValue("custom");
  await expect(day).toHaveValue(nextYear);
  await expect(form.chosen).toBeChecked();
  await expect(permission).toBeChecked();
  await expect(networks).toHaveValue("127.0.0.0/8\n::1/128");
  await form.submit.click();
  await profile.reveal.read();
  await profile.reveal.stored.check();
  await profile.reveal.done.click();
  // What was taken up once does not come again.
  await profile.create.click();
  await expect(form.name).toHaveValue("");
});

const forms: {
  what: string;
  path: string;
  open(page: Page): Promise<void>;
  dialog: string;
  field: string;
  send: string;
}[] = [
  {
    what: "a token's new name",
    path: "/profile",
    open: (page) => page.getByRole("button", { name: "Edit reporter", exact: true }).click(),
    dialog: "Edit token",
    field: "Name",
    send: "Save",
  },
  {
    what: "a host's new name",
    path: "/hosts?sort=-last_seen_at",
    open: (page) => page.getByRole("button", { name: "Rename web-1", exact: true }).click(),
    dialog: "Rename host",
    field: "Name",
    send: "Save",
  },
  {
    what: "a new person's name",
    path: "/users",
    open: (page) => new UsersPage(page).add.click(),
    dialog: "Add person",
    field: "Username",
    send: "Add",
  },
];

for (const { what, path, open, dialog, field, send } of forms) {
  test(`${what} is there after signing in again`, async ({ server, context, signedIn: page }) => {
    const token = await mint(context, server, { name: "reporter" });
    await call(server, token, "/hosts/report", { method: "POST", json: report("web-1") });
    await page.goto(server.url + path);
    await open(page);
    const form = page.getByRole("dialog", { name: dialog });
    await form.getByLabel(field, { exact: true }).fill("typed-before");
    await endSession(context, server);
    await sendAndComeBack(page, form.getByRole("button", { name: send, exact: true }));
    await expect(form.getByLabel(field, { exact: true })).toHaveValue("typed-before");
    expect(page.url()).toBe(server.url + path);
  });
}

test("the dialog about somebody's token is there after signing in again", async ({
  server,
  context,
  signedIn: page,
}) => {
  await mint(context, server, { name: "leaked" });
  await page.goto(`${server.url}/users`);
  const tokens = await new UsersPage(page).tokensOf(ada.username);
  await tokens.revoke("leaked").click();
  await endSession(context, server);
  const now = tokens.revokeDialog.getByRole("button", { name: "Revoke now" });
  await sendAndComeBack(page, now);
  await now.click();
  await expect(page.getByText(/^Revoked\. Effective everywhere since/)).toBeVisible();
});

test("passwords are not kept", async ({ server, context, signedIn: page }) => {
  const secret = "brisk lanterns over the weir";
  await page.goto(`${server.url}/profile`);
  const field = (name: string) => page.getByLabel(name, { exact: true });
  const sessions = page.getByRole("checkbox", { name: "End my other sign-in sessions" });
  await field("Current password").fill(secret);
  await field("New password").fill(secret);
  await sessions.uncheck();
  await endSession(context, server);
  await sendAndComeBack(page, page.getByRole("button", { name: "Change password", exact: true }));
  await expect(sessions).not.toBeChecked();
  await expect(field("Current password")).toHaveValue("");
  await expect(field("New password")).toHaveValue("");
  expect(await isInMemory(page, secret)).toBe(false);
});

test("what somebody typed is not shown to somebody else", async ({ server, context, signedIn: page }) => {
  await server.addPerson(grace);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.name.fill("of-ada-alone");
  await endSession(context, server);
  await sendAndComeBack(page, profile.form.submit, grace);
  await expect(profile.create).toBeVisible();
  await expect(profile.form.dialog).toHaveCount(0);
  expect(await isInMemory(page, "of-ada-alone")).toBe(false);
  await profile.create.click();
  await expect(profile.form.name).toHaveValue("");
});

test("signing out keeps nothing", async ({ server, context, signedIn: page }) => {
  const profile = new ProfilePage(page);
  const shell = new Shell(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.name.fill("left-behind");
  await endSession(context, server);
  await sendAndComeBack(page, profile.form.submit);
  await expect(profile.form.name).toHaveValue("left-behind");
  await page.keyboard.press("Escape");
  await shell.accountMenu.click();
  await shell.signOut.click();
  await new LoginPage(page).signIn(ada.username, ada.password);
  await expect(profile.create).toBeVisible();
  await expect(profile.form.dialog).toHaveCount(0);
});
