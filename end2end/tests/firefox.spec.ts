// The main journey once more, in Firefox: cookies without Secure on loopback, the clipboard, dialogs and the policy of
// the page are each browser's own affair. Playwright can't drive the Firefox that people install, so Puppeteer does.
import puppeteer, { type Browser, type ElementHandle, type Page } from "puppeteer-core";

import { call } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { tokenPattern } from "../support/secrecy.ts";
import { ada } from "../support/server.ts";

const firefox = process.env.UPTRAKIT_FIREFOX;
test.skip(!firefox, "there is no Firefox on this machine, and Debian's package can't be installed");

/** What the browser complains about, in the console or to the page. */
async function listen(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`script error: ${error}`));
  await page.evaluateOnNewDocument(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`the policy refused ${event.effectiveDirective} ${event.blockedURI}`);
    });
  });
  return complaints;
}

/** The page as a person finds their way on it: by roles and names. */
class Screen {
  constructor(private readonly page: Page) {}

  find(role: string, name: string): Promise<ElementHandle> {
    return this.wait(`::-p-aria([name="${name}"][role="${role}"])`);
  }

  async press(name: string, role = "button"): Promise<void> {
    await (await this.find(role, name)).click();
  }

  async type(name: string, text: string): Promise<void> {
    await (await this.find("textbox", name)).type(text);
  }

  async wait(selector: string): Promise<ElementHandle> {
    const found = await this.page.waitForSelector(selector, { visible: true });
    if (!found) throw new Error(`${selector} is not there`);
    return found;
  }

  gone(selector: string): Promise<unknown> {
    return this.page.waitForSelector(selector, { hidden: true });
  }
}

test("from the first-run link to a revoked token, in Firefox", async ({ emptyServer: server }) => {
  let browser: Browser | undefined;
  try {
    browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox!, headless: true });
    const page = await browser.newPage();
    const complaints = await listen(page);
    const screen = new Screen(page);

    await page.goto(await server.setupLink());
    await screen.type("Username", ada.username);
    await screen.type("Email", ada.email);
    await page.type("input[type=password]", ada.password);
    await screen.press("Create account");
    await screen.find("heading", "API tokens");
    expect(page.url()).toBe(`${server.url}/profile`);

    await page.reload();
    await screen.press("Create Token");
    await page.type("dialog input", "ci-pipeline");
    await screen.press("Create");
    const line = await screen.wait("[data-testid=token-text]");
    const token = (await line.evaluate((element) => element.textContent)) ?? "";
    expect(token).toMatch(tokenPattern);
    await page.keyboard.press("Escape");
    expect(await page.$("dialog[open]"), "Escape doesn't take the text away").not.toBeNull();
    await screen.press("Copy");
    await screen.find("button", "Copied");
    await screen.press("Done");
    await screen.gone("dialog");
    const left = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(left).not.toContain(token.slice(4, 34));

    expect((await call(server, token, "/auth/me")).status).toBe(200);
    await screen.press("Revoke ci-pipeline");
    await screen.wait("dialog[open]");
    // The name is asked for once the page knows of the use.
    const confirmation = await page.$("dialog input");
    await confirmation?.type("ci-pipeline");
    await screen.press("Revoke now");
    await screen.wait(".notice ::-p-text(Effective everywhere since)");
    expect((await call(server, token, "/auth/me")).body).toMatchObject({ code: "token-revoked" });

    await screen.press("Hosts", "link");
    await screen.find("heading", "No host reports yet");
    await screen.press("Account menu");
    await screen.press("Sign out");
    await screen.wait("::-p-text(You are signed out.)");
    expect(complaints).toEqual([]);
  } finally {
    await browser?.close();
  }
});
