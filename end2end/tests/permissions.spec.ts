// Narrowed tokens, made and edited on the page.
import { call, mint } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
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

test("a rotated token's old text works until the overlap ends", async ({ server, context, signedIn: page }) => {
  const old = await mint(context, server, { name: "rolling" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.action("Rotate", "rolling").click();
  await profile.rotateDialog.getByLabel("The old text ends").selectOption({ label: "In 1 hour" });
  await profile.rotateDialog.getByRole("button", { name: "Rotate now" }).click();
  const token = await profile.reveal.read();
  expect(token).not.toBe(old);
  expect((await call(server, old, "/auth/me")).status).toBe(200);
  expect((await call(server, token, "/auth/me")).status).toBe(200);
  await profile.reveal.stored.check();
  await profile.reveal.done.click();

  await profile.row("rolling").getByRole("button", { name: /^End it now/ }).click();
  await expect.poll(async () => (await call(server, old, "/auth/me")).status).toBe(401);
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});
