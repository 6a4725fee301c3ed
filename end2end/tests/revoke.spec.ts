// Revoking, seen from all sides: the page, the next request, the stream that is open.
import { call, mint, report, used } from "../support/api.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";

test("a stream that is open under the token ends", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "watcher" });
  const stream = await fetch(`${server.url}/api/v1/hosts/events`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(stream.status).toBe(200);
  expect(stream.headers.get("content-type")).toContain("text/event-stream");
  const reader = stream.body!.getReader();

  // It is alive: a report comes through.
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-1") });
  let seen = "";
  while (!seen.includes("web-1")) seen += new TextDecoder().decode((await reader.read()).value);

  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.revoke("watcher");
  // The end of the stream is the last thing that is read; an aborted connection is an end, too.
  const ended = await (async () => {
    for (;;) if ((await reader.read().catch(() => ({ done: true }))).done) return true;
  })();
  expect(ended).toBe(true);
  await expect(new Shell(page).notice.filter({ hasText: "Revoked" })).toContainText(/1 \S+ (was|were) cut off/);
});

test("a token that was used lately is revoked only by typing its name", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "busy" });
  expect((await call(server, token, "/auth/me")).status).toBe(200);
  const profile = new ProfilePage(page);
  await used(context, server, "busy");
  await page.goto(`${server.url}/profile`);
  await expect(profile.row("busy")).toContainText("127.0.0.1");
  await profile.action("Revoke", "busy").click();
  const confirmation = profile.revokeDialog.getByLabel("Type the name to confirm");
  const submit = profile.revokeDialog.getByRole("button", { name: "Revoke now" });
  await expect(profile.revokeDialog).toContainText("busy");
  await confirmation.fill("bus");
  await expect(submit).toBeDisabled();
  await confirmation.fill("busy");
  await submit.click();
  await expect(new Shell(page).notice.filter({ hasText: "Revoked" })).toBeVisible();
  expect((await call(server, token, "/auth/me")).body).toMatchObject({ code: "token-revoked" });
});

test("a name can be typed that has more spaces than a page shows", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "two  spaces" });
  await call(server, token, "/auth/me");
  const profile = new ProfilePage(page);
  await used(context, server, "two  spaces");
  await page.goto(`${server.url}/profile`);
  await expect(profile.rows).toContainText("127.0.0.1");
  await profile.rows.getByRole("button", { name: "Revoke" }).click();
  await profile.revokeDialog.getByLabel("Type the name to confirm").fill("two spaces");
  await profile.revokeDialog.getByRole("button", { name: "Revoke now" }).click();
  await expect(profile.rows).toHaveCount(0);
});

test("a page whose last token is revoked leads back to the others", async ({ server, context, signedIn: page }) => {
  for (let number = 1; number <= 21; number += 1) await mint(context, server, { name: `runner-${number}` });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await page.getByRole("navigation", { name: "Pages of tokens" }).getByRole("button", { name: "Next" }).click();
  await expect(profile.rows).toHaveCount(1);
  await profile.revoke("runner-1");
  await expect(profile.rows).toHaveCount(20);
  await expect(page.getByRole("navigation", { name: "Pages of tokens" })).toHaveCount(0);
  await expect(page).toHaveURL(`${server.url}/profile`);
});

test("Escape leaves the token as it is", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "spared" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.action("Revoke", "spared").click();
  await expect(profile.revokeDialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(profile.revokeDialog).toBeHidden();
  await expect(profile.action("Revoke", "spared")).toBeFocused();
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});

test("a token on hold after a restore is refused until it is confirmed", async ({
  server,
  context,
  signedIn: page,
}) => {
  const token = await mint(context, server, { name: "nightly" });
  await page.goto("about:blank");
  await server.backUpAndRestore();
  expect((await call(server, token, "/auth/me")).status).toBe(401);
  await signIn(context, server, ada);
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await expect(profile.row("nightly")).toContainText("on hold");
  await expect(profile.action("Rotate", "nightly")).toHaveCount(0);
  await profile.action("Confirm", "nightly").click();
  await expect(page.getByText("nightly is confirmed, and accepted again.")).toBeVisible();
  await expect(profile.row("nightly")).not.toContainText("on hold");
  await expect(profile.action("Rotate", "nightly")).toBeVisible();
  expect((await call(server, token, "/auth/me")).status).toBe(200);
});

test("a revoked token stays findable", async ({ server, context, signedIn: page }) => {
  await mint(context, server, { name: "kept-on-record" });
  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await profile.revoke("kept-on-record");
  await expect(profile.row("kept-on-record")).toHaveCount(0);
  await profile.state.selectOption({ label: "Revoked" });
  await expect(profile.row("kept-on-record")).toBeVisible();
  await profile.search.fill("nothing-like-it");
  await expect(profile.row("kept-on-record")).toHaveCount(0);
  await profile.search.fill("on-rec");
  await expect(profile.row("kept-on-record")).toBeVisible();
});
