// Two servers on one Postgres: what one of them revokes, the other refuses.
import { call } from "../support/api.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { Server, ada } from "../support/server.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

const database = process.env.UPTRAKIT_E2E_DATABASE_URL;

test("a revoke on one server holds on the other", async ({ running, context, page }) => {
  test.skip(!database, "no Postgres to be had; cargo xtask e2e said why");
  const settings = { UPTRAKIT_DATABASE_URL: database! };
  const [one, other] = await Promise.all([Server.create(settings), Server.create(settings)]);
  running.push(one, other);
  // At once, on an empty database: their migrations must not collide.
  await Promise.all([one.start(), other.start()]);
  await one.addPerson(ada);

  await signIn(context, one, ada);
  const profile = new ProfilePage(page);
  await page.goto(`${one.url}/profile`);
  const token = await profile.createTokenAndClose("everywhere");
  expect((await call(other, token, "/auth/me")).status).toBe(200);
  const stream = await fetch(`${other.url}/api/v1/hosts/events`, { headers: { Authorization: `Bearer ${token}` } });
  expect(stream.status).toBe(200);
  const reader = stream.body!.getReader();

  await profile.revoke("everywhere");
  await expect(new Shell(page).notice.filter({ hasText: "Revoked" })).toBeVisible();
  const refused = await call(other, token, "/auth/me");
  expect(refused.status).toBe(401);
  expect(refused.body).toMatchObject({ code: "token-revoked" });
  for (;;) if ((await reader.read().catch(() => ({ done: true }))).done) break;

  // The page is still asking for its lists, and would complain that the server is gone.
  await page.goto("about:blank");
  await one.restart();
  expect((await call(one, token, "/auth/me")).body).toMatchObject({ code: "token-revoked" });
});
