// The one sight of a token's text, when things go wrong around it.
import { call, mint } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { expectForgotten } from "../support/secrecy.ts";
import { HostsPage } from "../pages/hosts.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

test("when the clipboard is refused the text is selected instead", async ({ server, signedIn: page }) => {
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
    Object.defineProperty(navigator, "clipboard", { value: { writeText: refuse } });
  });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("no-clipboard");
  await profile.reveal.copy.click();
  await expect(page.getByRole("dialog").getByText(/Ctrl\+C/)).toBeVisible();
  expect(await page.evaluate(() => String(getSelection()))).toBe(token);
  await expect(profile.reveal.copied).toHaveCount(0);
});

test("Escape and the backdrop do not close it before the token is stored", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.createToken("stay-open");
  // Chromium closes a dialog on the second Escape even if the first was refused.
  for (let times = 0; times < 3; times += 1) {
    await page.keyboard.press("Escape");
    await expect(profile.reveal.text).toBeVisible();
  }
  await page.mouse.click(5, 5);
  await expect(profile.reveal.text).toBeVisible();
  await expect(profile.reveal.done).toBeDisabled();
  await profile.reveal.stored.check();
  await profile.reveal.done.click();
  await expect(profile.reveal.text).toHaveCount(0);
  // Focus goes back to where it came from.
  await expect(profile.create).toBeFocused();
});

test("a double click selects the whole text", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("double-click");
  await profile.reveal.text.dblclick();
  expect((await page.evaluate(() => String(getSelection()))).trim()).toBe(token);
});

test("a reload while it is open forgets the secret and keeps the token", async ({
  server,
  signedIn: page,
  context,
}) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("reloaded");
  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await expect(profile.row("reloaded")).toBeVisible();
  await expect(profile.reveal.text).toHaveCount(0);
  await expectForgotten(page, context, token);
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});

test("the back button forgets the secret", async ({ server, signedIn: page, context }) => {
  const profile = new ProfilePage(page);
  const hosts = new HostsPage(page);
  await page.goto(`${server.url}/hosts`);
  await expect(hosts.heading).toBeVisible();
  await new Shell(page).navigation("Profile").click();
  const token = await profile.createToken("went-back");
  await page.goBack();
  await expect(hosts.heading).toBeVisible();
  await expectForgotten(page, context, token);
  await page.goForward();
  await expect(profile.row("went-back")).toBeVisible();
  await expect(profile.reveal.text).toHaveCount(0);
  await expectForgotten(page, context, token);
});

test("another tab never sees the secret", async ({ server, signedIn: page, context }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("two-tabs");
  const other = await context.newPage();
  await other.goto(`${server.url}/profile`);
  await expect(new ProfilePage(other).row("two-tabs")).toBeVisible();
  await expectForgotten(other, context, token);
  await expect(profile.reveal.text).toHaveText(token);
});

test("the end of the session while it is open leaves the token until it is stored", async ({
  server,
  complaints,
  context,
  signedIn: page,
}) => {
  complaints.provoke(/status of 401/);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("signed-out-meanwhile");
  const waited = page.waitForResponse(
    (answer) => answer.url().includes("/rpc/find_first_use") && answer.status() === 401,
  );
  const ended = await context.request.delete(`${server.url}/api/v1/auth/sessions/current`, {
    headers: { Origin: server.url },
  });
  expect(ended.status()).toBe(204);
  await waited;
  await expect(profile.reveal.text).toHaveText(token);
  await profile.reveal.stored.check();
  await profile.reveal.done.click();
  await expect(new LoginPage(page).heading).toBeVisible();
  await expectForgotten(page, context, token);
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});

test("a restart of the server while it is open loses nothing", async ({ server, complaints, signedIn: page }) => {
  // The page asks for the first use of the token while the server is away.
  complaints.provoke(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("restarted");
  await server.restart();
  await expect(profile.reveal.text).toHaveText(token);
  await profile.reveal.stored.check();
  await profile.reveal.done.click();
  await expect(profile.row("restarted")).toBeVisible();
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});

test("the first use is seen while it is open", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("first-use");
  expect((await call(server, token, "/auth/me")).status).toBe(200);
  await expect(page.getByRole("dialog").getByText(/first use seen from 127\.0\.0\.1, node/i)).toBeVisible({
    timeout: 30_000,
  });
});

test("the line that sets the variable is there to copy without opening anything", async ({
  server,
  context,
  signedIn: page,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const line = `export UPTRAKIT_TOKEN=${await profile.createToken("exported")}`;
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(line, { exact: true })).toBeVisible();
  await dialog.getByRole("button", { name: "Copy shell", exact: true }).click();
  await expect(dialog.getByRole("button", { name: "Copied shell", exact: true })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(line);
  await expect(profile.reveal.done).toBeEnabled();
  // The other lines are a press away.
  const curl = dialog.getByText("curl -H", { exact: false });
  await expect(curl).toHaveCount(0);
  await dialog.getByText("More ready-made lines").click();
  await expect(curl).toBeVisible();
});

test("the whole token can be seen on a small phone", async ({ server, signedIn: page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("on-a-phone");
  const hidden = await page.evaluate((token) => {
    const lines = [...document.querySelectorAll("dialog code")].filter((code) => code.textContent!.includes(token));
    return lines.map((line) => line.scrollWidth - line.clientWidth);
  }, token);
  expect(hidden).toEqual([0, 0]);
});

test("the first use is enough to close the dialog", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  const token = await profile.createToken("in-use");
  await expect(profile.reveal.done).toBeDisabled();
  expect((await call(server, token, "/auth/me")).status).toBe(200);
  await expect(profile.reveal.done).toBeEnabled({ timeout: 30_000 });
  await expect(profile.reveal.stored).not.toBeChecked();
  await profile.reveal.done.click();
  await expect(profile.reveal.text).toHaveCount(0);
});

test("a name that is taken is refused at its field", async ({ server, complaints, context, signedIn: page }) => {
  complaints.provoke(/status of 409/);
  await mint(context, server, { name: "taken" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.name.fill("Taken");
  await profile.form.submit.click();
  await expect(profile.form.name).toHaveAttribute("aria-invalid", "true");
  await expect(profile.form.name).toHaveValue("Taken");
  await profile.form.name.fill("free");
  await profile.form.submit.click();
  await expect(profile.reveal.text).toBeVisible();
});
