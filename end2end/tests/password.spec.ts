// Changing the password, and with it everything that hangs on it.
import { call, mint } from "../support/api.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

test("a new password ends other sessions and tokens where that is wanted", async ({
  server,
  browser,
  context,
  complaints,
  signedIn: page,
}) => {
  complaints.provoke(/status of (401|422)/);
  const token = await mint(context, server, { name: "old-world" });
  const other = await browser.newContext();
  await complaints.watch(other);
  await signIn(other, server, ada);

  await page.goto(`${server.url}/profile`);
  const current = page.getByLabel("Current password", { exact: true });
  const fresh = page.getByLabel("New password", { exact: true });
  const submit = page.getByRole("button", { name: "Change password" });
  await current.fill("this is not the password");
  await fresh.fill("lanterns over the quiet harbour");
  await submit.click();
  await expect(current).toHaveAttribute("aria-invalid", "true");

  await current.fill(ada.password);
  await page.getByRole("checkbox", { name: "End my other sign-in sessions" }).check();
  await page.getByRole("checkbox", { name: "Revoke all my API tokens" }).check();
  await submit.click();
  await expect(new Shell(page).notice).toContainText("password was changed");
  expect((await call(server, token, "/auth/me")).body).toMatchObject({ code: "token-revoked" });

  const elsewhere = await other.newPage();
  await elsewhere.goto(`${server.url}/profile`);
  const login = new LoginPage(elsewhere);
  await expect(login.heading).toBeVisible();
  await login.signIn(ada.username, "lanterns over the quiet harbour");
  await expect(new ProfilePage(elsewhere).heading).toBeVisible();

  // This session went on.
  await page.reload();
  await expect(new ProfilePage(page).heading).toBeVisible();
  await page.getByRole("button", { name: "End all others" }).click();
  await expect(new Shell(page).notice).toContainText(/1 other session/);
  await elsewhere.reload();
  await expect(login.heading).toBeVisible();
  await other.close();
});
