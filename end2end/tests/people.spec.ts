// Administrators: inviting somebody, changing what they may do, ending their account.
import { expect, signIn, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { becomes, call, mint, used } from "../support/api.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { SetupPage } from "../pages/setup.ts";
import { Shell } from "../pages/shell.ts";
import { UsersPage } from "../pages/users.ts";

test("an invited person chooses a password, and loses everything when deactivated", async ({
  server,
  browser,
  complaints,
  signedIn: page,
}) => {
  const users = new UsersPage(page);
  await page.goto(`${server.url}/users`);
  const link = await users.invite("grace");
  await expect(users.row("grace@example.org")).toContainText("invited");

  const other = await browser.newContext();
  await complaints.watch(other);
  const graces = await other.newPage();
  await graces.goto(link);
  const setup = new SetupPage(graces);
  await setup.password.fill("lanterns over the quiet harbour");
  await setup.submit.click();
  const profile = new ProfilePage(graces);
  await expect(profile.heading).toBeVisible();
  // A viewer does not see who else there is.
  await expect(graces.getByRole("navigation").getByRole("link", { name: "Users" })).toHaveCount(0);
  const token = await mint(other, server, { name: "graces" });
  expect((await call(server, token, "/auth/me")).status).toBe(200);

  await page.getByRole("button", { name: "Deactivate grace", exact: true }).click();
  await page.getByRole("button", { name: "Deactivate", exact: true }).click();
  await expect(new Shell(page).notice.filter({ hasText: "grace" })).toBeVisible();
  expect((await call(server, token, "/auth/me")).body).toMatchObject({ status: 401, code: "account-disabled" });
  await graces.goto(`${server.url}/profile`);
  await expect(new LoginPage(graces).heading).toBeVisible();
  await other.close();

  // The button becomes its opposite, and the keyboard stays there.
  await page.getByRole("button", { name: "Activate grace", exact: true }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Deactivate grace", exact: true })).toBeFocused();
});

test("a link that was lost is made again, and the first opens nothing any more", async ({
  server,
  browser,
  complaints,
  signedIn: page,
}) => {
  const users = new UsersPage(page);
  await page.goto(`${server.url}/users`);
  const lost = await users.invite("grace");
  const link = await users.inviteAgain("grace");
  await expect(page.getByRole("button", { name: "New link for grace", exact: true })).toBeFocused();

  const other = await browser.newContext();
  await complaints.watch(other);
  complaints.provoke(/status of 404/);
  const graces = await other.newPage();
  await graces.goto(lost);
  await expect(graces.getByText("opens nothing any more")).toBeVisible();
  await graces.goto(link);
  const setup = new SetupPage(graces);
  await setup.password.fill("lanterns over the quiet harbour");
  await setup.submit.click();
  await expect(new ProfilePage(graces).heading).toBeVisible();
  await other.close();

  await page.reload();
  await expect(users.row("grace@example.org")).toBeVisible();
  await expect(users.row("grace@example.org")).not.toContainText("invited");
  await expect(page.getByRole("button", { name: "New link for grace", exact: true })).toHaveCount(0);
});

test("the last administrator stays", async ({ server, complaints, signedIn: page }) => {
  complaints.provoke(/status of 409/);
  await page.goto(`${server.url}/users`);
  await page.getByRole("button", { name: `Deactivate ${ada.username}`, exact: true }).click();
  await page.getByRole("button", { name: "Deactivate", exact: true }).click();
  await expect(new Shell(page).notice).toContainText(/administrator/i);
  await page.reload();
  await expect(new UsersPage(page).row(ada.email)).toBeVisible();
});

test("an administrator sees and revokes somebody else's token", async ({
  server,
  browser,
  complaints,
  signedIn: page,
}) => {
  const grace = { username: "grace", email: "grace@example.org", password: "lanterns over the quiet harbour" };
  await server.addPerson(grace, "operator");
  const other = await browser.newContext();
  await complaints.watch(other);
  await signIn(other, server, grace);
  const idle = await mint(other, server, { name: "idle", permissions: ["hosts:read"] });
  const busy = await mint(other, server, { name: "busy" });
  expect((await call(server, busy, "/hosts")).status).toBe(200);

  await used(other, server, "busy");

  await page.goto(`${server.url}/users`);
  const tokens = await new UsersPage(page).tokensOf("grace");
  await expect(tokens.row("busy")).toContainText("127.0.0.1");
  await expect(tokens.row("idle")).toContainText("hosts:read");
  await expect(tokens.row("idle")).toContainText("Never");
  expect(await page.content()).not.toContain(idle.slice(4, 34));

  await tokens.revoke("busy").click();
  await expect(tokens.revokeDialog).toContainText("It was last used");
  await tokens.revokeDialog.getByLabel("Type the name to confirm").fill("busy");
  await tokens.revokeDialog.getByRole("button", { name: "Revoke now" }).click();
  await expect(new Shell(page).notice.filter({ hasText: "Revoked" })).toContainText(/Effective everywhere since/);
  await expect(tokens.row("busy")).toHaveCount(0);
  await tokens.state.selectOption({ label: "All" });
  await expect(tokens.row("busy")).toContainText("revoked");
  await expect(tokens.revoke("busy")).toHaveCount(0);
  expect((await call(server, busy, "/hosts")).body).toMatchObject({ status: 401, code: "token-revoked" });
  expect((await call(server, idle, "/hosts")).status).toBe(200);

  await tokens.close.click();
  await expect(tokens.section).toHaveCount(0);
  await expect(tokens.opener).toBeFocused();

  // Grace sees that somebody still tries it.
  const graces = await other.newPage();
  const profile = new ProfilePage(graces);
  await becomes(other, server, "/auth/me/audit", (items) => items.some(({ action }) => action === "token.refused"));
  await graces.goto(`${server.url}/profile`);
  await expect(profile.activity).toContainText("Tried an API token that was revoked or replaced");
  await other.close();
});
