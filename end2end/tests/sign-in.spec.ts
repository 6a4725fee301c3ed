// Signing in and out, and where one ends up.
import { expect, signIn, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { HostsPage } from "../pages/hosts.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

test("a signed-out visitor signs in and comes to where they wanted to go", async ({ server, page }) => {
  const login = new LoginPage(page);
  await page.goto(`${server.url}/hosts?sort=-last_seen_at`);
  await expect(login.heading).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/login");
  await login.signIn(ada.email, ada.password);
  await expect(new HostsPage(page).heading).toBeVisible();
  expect(page.url()).toBe(`${server.url}/hosts?sort=-last_seen_at`);
});

test("an address that names a section shows it, in a page that is opened and after signing in", async ({
  server,
  page,
}) => {
  await page.setViewportSize({ width: 800, height: 400 });
  await page.goto(`${server.url}/profile#password`);
  await new LoginPage(page).signIn(ada.username, ada.password);
  const section = page.getByRole("heading", { name: "Password", exact: true });
  await expect(section).toBeInViewport();
  await page.goto("about:blank");
  await page.goto(`${server.url}/profile#password`);
  await expect(section).toBeInViewport();
});

test("a destination on another site is not followed", async ({ server, page }) => {
  const login = new LoginPage(page);
  for (const parameter of ["to", "next", "return_to"]) {
    await page.goto(`${server.url}/login?${parameter}=https://elsewhere.example/`);
    await expect(login.heading).toBeVisible();
  }
  await login.signIn(ada.username, ada.password);
  await expect(new Shell(page).accountMenu).toBeVisible();
  expect(new URL(page.url()).origin).toBe(server.url);
});

test("a wrong password and an unknown name are told the same", async ({ server, complaints, page }) => {
  complaints.provoke(/status of 401/);
  const login = new LoginPage(page);
  await page.goto(`${server.url}/login`);
  const messages: string[] = [];
  for (const name of [ada.username, "nobody-of-that-name"]) {
    await login.signIn(name, "this is not the password");
    await expect(login.problem).toHaveText(/\S/);
    messages.push(await login.problem.innerText());
    await expect(login.password).toBeVisible();
    await page.reload();
    await expect(login.heading).toBeVisible();
  }
  expect(messages[0]).toBe(messages[1]);
});

test("signing out ends the session at the server", async ({ server, signedIn: page, context }) => {
  const shell = new Shell(page);
  const login = new LoginPage(page);
  await page.goto(`${server.url}/profile`);
  await expect(new ProfilePage(page).heading).toBeVisible();
  const kept = await context.cookies();
  await shell.accountMenu.click();
  await shell.signOut.click();
  await expect(login.heading).toBeVisible();

  await page.goBack();
  await expect(login.heading).toBeVisible();

  // A copy of the cookie opens nothing any more.
  await context.addCookies(kept);
  await page.goto(`${server.url}/profile`);
  await expect(login.heading).toBeVisible();
});

test("the session cookie is out of reach of scripts and other sites", async ({ server, signedIn: page, context }) => {
  await page.goto(`${server.url}/profile`);
  const cookies = await context.cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({
    name: `uptrakit-${new URL(server.url).port}`,
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
  });
  expect(await page.evaluate(() => document.cookie)).toBe("");
});

test("a session that ends in the middle of work leads to the sign-in page and back", async ({
  server,
  complaints,
  signedIn: page,
  context,
}) => {
  complaints.provoke(/status of 401/);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await expect(profile.create).toBeVisible();
  // As if another browser had ended it; this one's cookie stays.
  const ended = await context.request.delete(`${server.url}/api/v1/auth/sessions/current`, {
    headers: { Origin: server.url },
  });
  expect(ended.status()).toBe(204);

  await profile.create.click();
  await profile.form.name.fill("too-late");
  await profile.form.submit.click();
  const login = new LoginPage(page);
  await expect(login.heading).toBeVisible();
  await login.signIn(ada.username, ada.password);
  await expect(profile.heading).toBeVisible();
});

test("the chosen theme stays", async ({ server, signedIn: page }) => {
  const shell = new Shell(page);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${server.url}/profile`);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect(shell.accountMenu).toBeVisible();
  const light = await background();
  await shell.accountMenu.click();
  await shell.theme("Dark").check();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.reload();
  await expect(shell.accountMenu).toBeVisible();
  expect(await background()).toBe(dark);
  await shell.accountMenu.click();
  await shell.theme("System").check();
  await expect.poll(background).toBe(light);
});

test("an unknown path is not found, with 404", async ({ server, complaints, context, page }) => {
  complaints.provoke(/status of 404/);
  await signIn(context, server, ada);
  const answer = await page.goto(`${server.url}/no-such-page`);
  expect(answer!.status()).toBe(404);
  await expect(new Shell(page).heading("Page not found")).toBeVisible();
});
