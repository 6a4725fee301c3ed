// The whole of what Uptrakit is for: from the first-run link to a token that is revoked, and a restart.
import { call } from "../support/api.ts";
import { uptrakit } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";
import { expectForgotten } from "../support/secrecy.ts";
import { ada } from "../support/server.ts";
import { HostsPage } from "../pages/hosts.ts";
import { ProfilePage } from "../pages/profile.ts";
import { SetupPage } from "../pages/setup.ts";
import { Shell } from "../pages/shell.ts";

test("from the first-run link to a revoked token", async ({ emptyServer: server, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const shell = new Shell(page);
  const profile = new ProfilePage(page);
  const hosts = new HostsPage(page);

  await test.step("the printed link makes the first administrator", async () => {
    await page.goto(await server.setupLink());
    const setup = new SetupPage(page);
    await expect(setup.heading).toBeVisible();
    await setup.fill(ada);
    await setup.submit.click();
    await expect(profile.heading).toBeVisible();
    expect(page.url()).toBe(`${server.url}/profile`);
    const main = page.getByRole("main");
    await expect(main.getByText(ada.username, { exact: true }).first()).toBeVisible();
    await expect(main.getByText(ada.email, { exact: true }).first()).toBeVisible();
    await expect(main.getByText(/^administrator$/i).first()).toBeVisible();
  });

  const token = await test.step("Create token shows the token once", async () => {
    const text = await profile.createToken("ci-pipeline");
    await expect(profile.reveal.done).toBeDisabled();
    await profile.reveal.copy.click();
    await expect(profile.reveal.copied).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
    await expect(profile.reveal.done).toBeEnabled();
    await profile.reveal.done.click();
    await expect(profile.reveal.text).toHaveCount(0);
    await expect(profile.row("ci-pipeline")).toBeVisible();
    await expectForgotten(page, context, text);
    return text;
  });

  await test.step("the token opens the API", async () => {
    const me = await call(server, token, "/auth/me");
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({ username: ada.username, token: { name: "ci-pipeline", state: "active" } });
    expect(JSON.stringify(me.body)).not.toContain(token);
  });

  const hostname = await test.step("the command line reports this machine", async () => {
    const report = await uptrakit(server, token, "hosts", "report");
    expect(report.code, report.stderr).toBe(0);
    const list = await uptrakit(server, token, "hosts", "list", "-o", "json");
    expect(list.code, list.stderr).toBe(0);
    const page = JSON.parse(list.stdout) as { total: number; items: { hostname: string }[] };
    expect(page.total).toBe(1);
    return page.items[0]!.hostname;
  });

  await test.step("Hosts shows it", async () => {
    await shell.navigation("Hosts").click();
    await expect(hosts.heading).toBeVisible();
    await expect(hosts.named(hostname).first()).toBeVisible();
    await shell.navigation("Profile").click();
    await expect(profile.heading).toBeVisible();
  });

  await test.step("Revoke ends it at once", async () => {
    await profile.revoke("ci-pipeline");
    await expect(shell.notice.filter({ hasText: "Revoked" })).toBeVisible();
    await expect(profile.row("ci-pipeline")).toHaveCount(0);

    const me = await call(server, token, "/auth/me");
    expect(me.status).toBe(401);
    expect(me.headers.get("content-type")).toContain("application/problem+json");
    expect(me.headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(me.body).toMatchObject({ status: 401, code: "token-revoked" });

    const list = await uptrakit(server, token, "hosts", "list");
    expect(list.code, list.stderr).toBe(3);
    expect(list.stdout).toBe("");
  });

  await test.step("after a restart everything is still there", async () => {
    await server.restart();
    await page.reload();
    await expect(profile.heading).toBeVisible();
    await profile.state.selectOption({ label: "Revoked" });
    await expect(profile.row("ci-pipeline")).toBeVisible();
    await shell.navigation("Hosts").click();
    await expect(hosts.named(hostname).first()).toBeVisible();
    const me = await call(server, token, "/auth/me");
    expect(me.body).toMatchObject({ code: "token-revoked" });
    await expectForgotten(page, context, token);
  });
});
