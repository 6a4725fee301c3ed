// Narrowed tokens, made and edited on the page.
import { call, mint } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { ProfilePage } from "../pages/profile.ts";

test("a token made for some permissions may do nothing else", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.name.fill("reader");
  await profile.form.chosen.check();
  await profile.form.dialog.getByRole("checkbox", { name: /hosts:read\b/ }).check();
  await profile.form.submit.click();
  const token = await profile.reveal.read();

  expect((await call(server, token, "/hosts")).status).toBe(200);
  const refused = await call(server, token, "/auth/api-tokens", { method: "POST", json: { name: "more" } });
  expect(refused.status).toBe(403);
  expect(refused.headers.get("www-authenticate")).toContain('scope="tokens:write"');
});

test("a token ends when the form says", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await expect(profile.form.expires).toHaveValue("90");
  await profile.form.name.fill("short-lived");
  await profile.form.expires.selectOption("7");
  await profile.form.submit.click();
  const token = await profile.reveal.read();
  const me = await call(server, token, "/auth/me");
  const { created_at, expires_at } = me.body.token as { created_at: string; expires_at: string };
  const days = (Date.parse(expires_at) - Date.parse(created_at)) / 86_400_000;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThanOrEqual(8);
  expect(me.headers.get("uptrakit-token-expires")).toBe(expires_at);
});

test("a token that ends while it is looked at leaves the list and the count", async ({
  server,
  context,
  signedIn: page,
}) => {
  const profile = new ProfilePage(page);
  await page.clock.install();
  await mint(context, server, { name: "stays" });
  await page.goto(`${server.url}/profile`);
  await expect(profile.row("stays")).toBeVisible();
  const ends = Date.now() + 20_000;
  await mint(context, server, { name: "ends", expires_at: new Date(ends).toISOString() });
  await profile.state.selectOption({ label: "All" });
  await expect(profile.row("ends")).toBeVisible();
  await profile.state.selectOption({ label: "Active" });
  await expect(profile.section).toContainText("2 of 100 active");
  await expect.poll(() => Date.now(), { timeout: 30_000 }).toBeGreaterThan(ends);
  // The page looks at the clock twice a minute.
  await page.clock.fastForward(31_000);
  await expect(profile.row("ends")).toHaveCount(0);
  await expect(profile.row("stays")).toBeVisible();
  await expect(profile.section).toContainText("1 of 100 active");
});

test("a token lives to the end of a chosen day, and only where it is told to", async ({ server, signedIn: page }) => {
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.create.click();
  await profile.form.name.fill("until-a-day");
  await profile.form.expires.selectOption({ label: "On a date" });
  const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
  await profile.form.dialog.getByLabel("Last day").fill(day);
  await expect(profile.form.dialog.getByText(/^Works until the end of /)).toBeVisible();
  await profile.form.dialog.getByText("Allowed networks").click();
  await profile.form.dialog.getByRole("button", { name: /^Use my current address/ }).click();
  await profile.form.submit.click();
  const me = await call(server, await profile.reveal.read(), "/auth/me");
  const { expires_at, allowed_networks } = me.body.token as { expires_at: string; allowed_networks: string[] };
  expect(new Date(expires_at).toLocaleString("sv", { timeZone: "Europe/Berlin" })).toBe(`${day} 23:59:59`);
  expect(allowed_networks).toEqual(["127.0.0.1/32"]);
});

test("a new name leaves what an account has lost meanwhile as it was", async ({ server, context, signedIn: page }) => {
  await mint(context, server, { name: "reporter", permissions: ["hosts:read", "audit:read"] });
  await server.addPerson({ username: "root", email: "root@example.org", password: "seven brown owls at dusk" });
  await server.run(["user", "set-roles", ada.username, "operator"]);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.action("Edit", "reporter").click();
  const dialog = page.getByRole("dialog", { name: "Edit token" });
  await dialog.getByLabel("Name", { exact: true }).fill("renamed");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(profile.row("renamed")).toContainText("audit:read");
});

test("a rotated token's old secret works until the overlap ends", async ({ server, context, signedIn: page }) => {
  const old = await mint(context, server, { name: "rolling" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.action("Rotate", "rolling").click();
  await profile.rotateDialog.getByLabel("The old token ends").selectOption({ label: "In 1 hour" });
  await profile.rotateDialog.getByRole("button", { name: "Rotate now" }).click();
  const token = await profile.reveal.read();
  expect(token).not.toBe(old);
  expect((await call(server, old, "/auth/me")).status).toBe(200);
  expect((await call(server, token, "/auth/me")).status).toBe(200);
  await profile.reveal.stored.check();
  await profile.reveal.done.click();

  await profile
    .row("rolling")
    .getByRole("button", { name: /^End it now/ })
    .click();
  await expect.poll(async () => (await call(server, old, "/auth/me")).status).toBe(401);
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});
