// Signing in at a terminal: the command line opens the browser, the person says what it may do, and it has a token that
// stands in the list like every other.
import { ConsentPage } from "../pages/consent.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { AtTerminal, uptrakit } from "../support/cli.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";

/** The browser ends at a port of this computer, where the command line listens. */
const ends = /request to another site: http:\/\/127\.0\.0\.1:\d+\/(callback|favicon)/;

test("auth login signs in through the browser and saves a token of what was allowed", async ({
  server,
  page,
  complaints,
}) => {
  complaints.provoke(ends);
  const login = await AtTerminal.start(server, "auth", "login", "--no-keyring");
  await page.goto(await login.opens());
  await new LoginPage(page).signIn(ada.username, ada.password);

  const consent = new ConsentPage(page);
  await expect(page.getByText("Uptrakit command line verified asks for access to your account.")).toBeVisible();
  await expect(page.getByText("a program on this computer", { exact: true })).toBeVisible();
  await expect(page.getByText(/API token that works for 90 days/)).toBeVisible();
  await expect(consent.tokenName).toHaveValue(/^cli on /);
  await consent.tokenName.fill("cli on my laptop");
  await consent.permission("users:manage").uncheck();
  await consent.allow.click();
  await expect(page.getByText("The command line is signed in. You can close this page.")).toBeVisible();

  const { code, stdout } = await login.ended;
  expect(code, stdout).toBe(0);
  expect(stdout).toContain(`Signed in to ${server.url} as ada.`);
  expect(stdout).toContain("cli on my laptop");
  expect(stdout).not.toMatch(/upk_[0-9A-Za-z]{36}/);

  const status = await uptrakit(server, undefined, "auth", "status");
  expect(status.code, status.stderr).toBe(0);
  expect(status.stdout).toContain("cli on my laptop");

  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const row = profile.row("cli on my laptop");
  await expect(row).toContainText("hosts:report");
  await expect(row).not.toContainText("users:manage");
  await profile.revoke("cli on my laptop");
  const after = await uptrakit(server, undefined, "auth", "status");
  expect(after.code).not.toBe(0);
  expect(after.stderr).toContain("revoked");
});

test("auth login says that it was denied, and saves nothing", async ({ server, context, page, complaints }) => {
  complaints.provoke(ends);
  complaints.provoke(/status of 400/);
  await signIn(context, server, ada);
  const login = await AtTerminal.start(server, "auth", "login", "--no-keyring");
  await page.goto(await login.opens());
  await new ConsentPage(page).deny.click();
  await expect(page.getByText("Signing in did not work. The terminal says why.")).toBeVisible();
  const { code, stdout } = await login.ended;
  expect(code).not.toBe(0);
  expect(stdout).toContain("it was denied in the browser");
  await page.goto(`${server.url}/profile`);
  await expect(page.getByText("A token lets a script, a pipeline or the command line act as you")).toBeVisible();
});
