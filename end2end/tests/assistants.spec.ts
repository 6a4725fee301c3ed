// Connect an assistant: the address and each client's lines, ready to be copied, as the guide has them.
import { type Locator, type Page } from "@playwright/test";

import { expectAccessible } from "../support/accessibility.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { expectNarrow } from "../support/pictures.ts";
import { Server, ada } from "../support/server.ts";
import { ProfilePage } from "../pages/profile.ts";

const clients = ["Claude Code", "Claude Desktop", "Cursor", "VS Code", "MCP Inspector", "Another program"];

class Panel {
  readonly section: Locator;
  readonly address: Locator;
  readonly client: Locator;
  readonly lines: Locator;

  constructor(readonly page: Page) {
    this.section = page.getByRole("region", { name: "Connect an assistant" });
    this.address = this.section.getByTestId("assistant-address");
    this.client = this.section.getByLabel("Assistant", { exact: true });
    this.lines = this.section.getByTestId("assistant-lines");
  }

  /** Shows what there is to copy. */
  async open(): Promise<void> {
    await this.section.getByText("Address and lines to copy").click();
    await expect(this.lines).toBeVisible();
  }

  copy(what: string): Locator {
    return this.section.getByRole("button", { name: `Copy ${what}`, exact: true });
  }
}

/** The boxes of code on the guide's page about assistants, with the address of this server. */
async function linesOfGuide(server: Server): Promise<string[]> {
  const page = await (await fetch(`${server.url}/docs/mcp`)).text();
  const boxes = [...page.matchAll(/<pre[^>]*><code[^>]*>([\s\S]*?)<\/code>/g)].map(([, box]) => box!);
  const plain = { "&quot;": '"', "&lt;": "<", "&gt;": ">", "&amp;": "&", "&#39;": "'" };
  const unescaped = (text: string) => text.replace(/&(?:quot|lt|gt|amp|#39);/g, (one) => plain[one as "&lt;"]);
  return boxes.map((box) => unescaped(box).trim().replaceAll("https://uptrakit.example.org", server.url));
}

test("the address and a client's lines are copied with the keyboard alone", async ({
  server,
  context,
  signedIn: page,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const panel = new Panel(page);
  await page.goto(`${server.url}/profile`);
  await expect(panel.section.getByText(`Give it the address ${server.url}/mcp.`)).toBeVisible();
  await panel.section.getByText("Address and lines to copy").focus();
  await page.keyboard.press("Enter");
  await expect(panel.address).toHaveText(`${server.url}/mcp`);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await panel.copy("the address").focus();
  await page.keyboard.press("Enter");
  await expect(panel.section.getByRole("button", { name: "Copied the address", exact: true })).toBeFocused();
  expect(await copied()).toBe(`${server.url}/mcp`);
  // To the choice of the client, and by its first letters to Cursor.
  await page.keyboard.press("Tab");
  await expect(panel.client).toBeFocused();
  await page.keyboard.type("Cur");
  await expect(panel.client).toHaveValue("Cursor");
  await page.keyboard.press("Tab");
  await expect(panel.lines).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(panel.copy("the lines for Cursor")).toBeFocused();
  await page.keyboard.press("Space");
  await expect.poll(copied).toContain("mcpServers");
  expect(JSON.parse(await copied())).toEqual({ mcpServers: { uptrakit: { url: `${server.url}/mcp` } } });
  // Another client's lines are not copied yet.
  await panel.client.selectOption({ label: "VS Code" });
  await expect(panel.copy("the lines for VS Code")).toBeVisible();
});

for (const [way, settings] of [
  ["in the browser", {}],
  ["with a token where OAuth is off", { UPTRAKIT_OAUTH: "off" }],
] as const) {
  test(`each client's lines for signing in ${way} stand in the guide`, async ({ running, context, page }) => {
    const server = await Server.create(settings);
    running.push(server);
    await server.addPerson(ada);
    await server.start();
    await signIn(context, server, ada);
    const guide = await linesOfGuide(server);
    const panel = new Panel(page);
    await page.goto(`${server.url}/profile`);
    await panel.open();
    await expect(panel.client.locator("option")).toHaveText(clients);
    for (const client of clients) {
      await panel.client.selectOption({ label: client });
      await expect(panel.copy(`the lines for ${client}`)).toBeVisible();
      const lines = await panel.lines.innerText();
      expect(lines).toContain(`${server.url}/mcp`);
      expect(/token|bearer/i.test(lines), client).toBe(way !== "in the browser");
      expect(guide, client).toContain(lines);
    }
  });
}

test("where the clipboard is refused the address is selected", async ({ server, signedIn: page }) => {
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
    Object.defineProperty(navigator, "clipboard", { value: { writeText: refuse } });
  });
  const panel = new Panel(page);
  await page.goto(`${server.url}/profile`);
  await panel.open();
  await panel.copy("the address").click();
  await expect(panel.section.getByText(/press Ctrl\+C/)).toBeVisible();
  expect(await page.evaluate(() => String(getSelection()))).toBe(`${server.url}/mcp`);
});

test("where assistants can't connect nothing speaks of them", async ({ running, context, page }) => {
  const server = await Server.create({ UPTRAKIT_MCP: "off" });
  running.push(server);
  await server.addPerson(ada);
  await server.start();
  await signIn(context, server, ada);
  await page.goto(`${server.url}/profile`);
  await expect(page.getByRole("heading", { name: "Activity" })).toBeVisible();
  await expect(new ProfilePage(page).create).toBeVisible();
  await expect(new Panel(page).section).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Assistants" })).toHaveCount(0);
});

test("the section's link leads there, and every client fits a small phone", async ({ server, signedIn: page }) => {
  const panel = new Panel(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${server.url}/profile`);
  await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "Assistants" }).click();
  await expect(panel.section.getByRole("heading", { name: "Connect an assistant" })).toBeInViewport();
  await panel.open();
  for (const client of clients) {
    await panel.client.selectOption({ label: client });
    await expect(panel.copy(`the lines for ${client}`)).toBeVisible();
    await expectNarrow(page, client);
  }
  await expectAccessible(page, "the section about assistants");
});
