// Administrators: inviting somebody, changing what they may do, ending their account.
import { expect, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { call, mint } from "../support/api.ts";
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
  await users.add.click();
  await users.addDialog.getByLabel("Username", { exact: true }).fill("grace");
  await users.addDialog.getByLabel("Email", { exact: true }).fill("grace@example.org");
  await users.addDialog.getByRole("button", { name: "Add", exact: true }).click();
  const link = (await users.invitation.innerText()).trim();
  await users.addDialog.getByRole("button", { name: "Done" }).click();
  await expect(users.row("grace@example.org")).toBeVisible();

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
  await expect(new Shell(page).notice.filter({ hasText: "grace" })).toBeVisible();
  expect((await call(server, token, "/auth/me")).body).toMatchObject({ status: 401, code: "account-disabled" });
  await graces.goto(`${server.url}/profile`);
  await expect(new LoginPage(graces).heading).toBeVisible();
  await other.close();
});

test("the last administrator stays", async ({ server, complaints, signedIn: page }) => {
  complaints.provoke(/status of 409/);
  await page.goto(`${server.url}/users`);
  await page.getByRole("button", { name: `Deactivate ${ada.username}`, exact: true }).click();
  await expect(new Shell(page).notice).toContainText(/administrator/i);
  await page.reload();
  await expect(new UsersPage(page).row(ada.email)).toBeVisible();
});
