// The main journey, the sight of a new token, and a dialog of each kind, in the engine of half of all phones.
import { By } from "selenium-webdriver";

import { call } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { tokenPattern } from "../support/secrecy.ts";
import { ada } from "../support/server.ts";
import { uptrakit } from "../support/cli.ts";
import { WebKit } from "../support/webkit.ts";

const browser = process.env.UPTRAKIT_WEBKIT;
test.skip(!browser, "there is no WebKit on this machine; `cargo xtask e2e` says why");

test("WebKit: from the first-run link to a revoked token", async ({ emptyServer: server }) => {
  test.setTimeout(300_000);
  const webkit = await WebKit.start(browser!);
  try {
    const { driver } = webkit;

    await driver.get(await server.setupLink());
    await webkit.named("heading", "Welcome to Uptrakit");
    await webkit.fill("Username", ada.username);
    await webkit.fill("Email", ada.email);
    await webkit.fill("Password", ada.password);
    await webkit.press("Create account");
    await webkit.named("heading", "Profile");
    await webkit.says(ada.email);

    // The sight of a token: Escape leaves it open, and what closes it leaves nothing behind.
    await webkit.press("Create token");
    const create = await webkit.dialog("Create token");
    await webkit.fill("Name", "ci-pipeline");
    await webkit.press("Create");
    const secret = await driver.wait(async () => {
      const [shown] = await driver.findElements(By.css("[data-testid=token-secret]"));
      return shown ? shown.getText() : "";
    }, 30_000);
    expect(secret).toMatch(tokenPattern);
    await webkit.escape();
    expect(await create.isDisplayed()).toBe(true);
    expect(await (await webkit.named("button", "Done")).isEnabled()).toBe(false);
    expect((await call(server, secret, "/auth/me")).body).toMatchObject({ username: ada.username });
    await webkit.says("First use seen from 127.0.0.1");
    await webkit.press("Done");
    await webkit.noDialog();
    expect(await driver.getPageSource()).not.toContain(secret);

    // The list of machines follows what they report.
    await (await webkit.named("link", "Hosts")).click();
    await webkit.named("heading", "Hosts");
    const report = await uptrakit(server, secret, "hosts", "report");
    expect(report.code, report.stderr).toBe(0);
    await driver.wait(async () => (await driver.findElements(By.css("[data-testid=host-row]"))).length === 1, 30_000);
    await webkit.press(/^Rename /);
    await webkit.dialog("Rename host");
    await webkit.fill("Name", "front door");
    await webkit.press("Save");
    await webkit.noDialog();
    await webkit.says("front door");
    await webkit.press(/^Delete /);
    await webkit.dialog("Delete host");
    await webkit.escape();
    await webkit.noDialog();

    await (await webkit.named("link", "Users")).click();
    await webkit.named("heading", "Users");
    await webkit.press("Add person");
    await webkit.dialog("Add person");
    await webkit.fill("Username", "grace");
    await webkit.fill("Email", "grace@example.org");
    await webkit.press("Add");
    await webkit.says("Send this link to grace");
    await (await webkit.named("field", "I have sent it")).click();
    await webkit.press("Done");
    await webkit.noDialog();
    await webkit.press("Roles of grace");
    await webkit.dialog("Change roles");
    await webkit.press("Cancel");
    await webkit.noDialog();

    await (await webkit.named("link", "Profile")).click();
    await webkit.named("heading", "Profile");
    await webkit.press("Edit ci-pipeline");
    await webkit.dialog("Edit token");
    await webkit.press("Save");
    await webkit.noDialog();
    await webkit.press("Rotate ci-pipeline");
    await webkit.dialog("Rotate token");
    await webkit.press("Cancel");
    await webkit.noDialog();
    await webkit.press("Revoke ci-pipeline");
    await webkit.dialog("Revoke token");
    await webkit.fill("Type the name to confirm", "ci-pipeline");
    await webkit.press("Revoke now");
    await webkit.says("Revoked. Effective everywhere since");
    expect((await call(server, secret, "/auth/me")).body).toMatchObject({ code: "token-revoked" });

    await server.restart();
    await driver.navigate().refresh();
    await webkit.named("heading", "Profile");

    await webkit.press("Account menu");
    await webkit.press("Sign out");
    await webkit.says("You are signed out.");
    await webkit.fill("Username or email", ada.username);
    await webkit.fill("Password", ada.password);
    await webkit.press("Sign in");
    await webkit.named("heading", "Profile");
  } finally {
    await webkit.stop();
  }
});
