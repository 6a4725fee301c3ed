// Requests of applications for access: what a person is told, what their answer says, and where they are afterwards.
import { ConsentPage } from "../pages/consent.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";
import { UsersPage } from "../pages/users.ts";
import {
  forNothing,
  fromApp,
  fromDevice,
  fromProgram,
  fromWebsite,
  haveApplications,
  imitation,
  refuses,
  waits,
} from "../support/applications.ts";
import { call } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { Application, Listener } from "../support/oauth.ts";
import { tokenPattern } from "../support/secrecy.ts";
import { ada } from "../support/server.ts";

const path = "/oauth/consent?request=request-of-the-test";

test("a website gets what was left ticked, and the browser goes there", async ({
  server,
  signedIn: page,
  complaints,
}) => {
  complaints.provoke(/request to another site: https:\/\/claude\.ai\//);
  await page.route("https://claude.ai/**", (route) => route.fulfill({ contentType: "text/html", body: "<p>Back" }));
  const answers = await waits(page, fromWebsite, "https://claude.ai/callback?code=upc_1&state=s");
  const consent = new ConsentPage(page);
  await page.goto(`${server.url}${path}`);
  await expect(consent.heading).toBeVisible();
  await expect(page.getByText("Claude verified asks for access to your account.")).toBeVisible();
  await expect(page.getByText(`You are signed in as ${ada.username}`)).toBeVisible();
  await expect(page.getByText("claude.ai", { exact: true })).toBeVisible();
  await expect(page.getByText(/ask you again after 90 days/)).toBeVisible();
  await expect(consent.permission("hosts:read")).toBeChecked();
  await expect(consent.permission("hosts:write")).not.toBeChecked();
  await consent.permission("hosts:write").check();
  await consent.allow.click();
  await expect(page.getByText("Back")).toBeVisible();
  expect(page.url()).toBe("https://claude.ai/callback?code=upc_1&state=s");
  expect(answers).toEqual([
    {
      to: "/rpc/approve_consent",
      request: "request-of-the-test",
      approval: { permissions: ["hosts:read", "hosts:write"], token_name: null },
    },
  ]);
});

test("after an answer to an app the page stays, with the link once more", async ({
  server,
  signedIn: page,
  complaints,
}) => {
  // No program opens the link here.
  complaints.provoke(/cursor:/);
  const answers = await waits(page, fromApp, "cursor://auth/callback?error=access_denied");
  const consent = new ConsentPage(page);
  await page.goto(`${server.url}${path}`);
  await expect(page.getByText("cursor://", { exact: true })).toBeVisible();
  await consent.deny.click();
  await expect(page.getByRole("heading", { level: 1, name: "Access denied" })).toBeFocused();
  await expect(page.getByText("You can close this page.")).toBeVisible();
  const again = page.getByRole("link", { name: "Tell it once more" });
  await expect(again).toHaveAttribute("href", "cursor://auth/callback?error=access_denied");
  expect(answers).toEqual([{ to: "/rpc/deny_consent", request: "request-of-the-test" }]);
});

test("nothing is allowed without a permission", async ({ server, signedIn: page }) => {
  const answers = await waits(page, imitation, null);
  const consent = new ConsentPage(page);
  await page.goto(`${server.url}${path}`);
  await expect(page.getByText("This is not a part of Uptrakit")).toBeVisible();
  await consent.permission("hosts:read").uncheck();
  await consent.permission("tokens:write").uncheck();
  await consent.allow.click();
  await expect(page.getByText("Permissions need at least one choice.")).toBeVisible();
  expect(answers).toEqual([]);
});

test("whoever has to sign in first comes back to the request", async ({ server, page }) => {
  await waits(page, fromProgram, null);
  await page.goto(`${server.url}${path}`);
  await new LoginPage(page).signIn(ada.username, ada.password);
  await expect(new ConsentPage(page).heading).toBeVisible();
  await expect(page).toHaveURL(`${server.url}${path}`);
});

test("a device is connected by its code, and gets an API token with a name", async ({ server, signedIn: page }) => {
  const answers = await waits(page, fromDevice, null);
  const consent = new ConsentPage(page);
  await page.goto(`${server.url}/device`);
  const code = page.getByLabel("Code", { exact: true });
  await expect(code).toBeFocused();
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("The code must not be empty.")).toBeVisible();
  await code.fill("bcdfghjk");
  await code.press("Enter");
  await expect(page.getByTestId("user-code")).toHaveText("BCDF-GHJK");
  await expect(page.getByText("It asked from 10.0.3.7, with uptrakit.")).toBeVisible();
  await expect(page.getByText("Nobody from support ever asks you for this.")).toBeVisible();
  await expect(page.getByText(/API token that works for 90 days/)).toBeVisible();
  await consent.tokenName.fill("cli on my laptop");
  await consent.allow.click();
  await expect(page.getByText("The device goes on by itself within seconds.")).toBeVisible();
  expect(answers).toEqual([
    {
      to: "/rpc/approve_device",
      code: "bcdfghjk",
      approval: {
        permissions: ["hosts:read", "hosts:report", "hosts:write", "tokens:write"],
        token_name: "cli on my laptop",
      },
    },
  ]);
});

test("a device that a person allows gets an API token of the chosen name", async ({ server, signedIn: page }) => {
  const send = async (path: string, fields: Record<string, string>) => {
    const answer = await fetch(`${server.url}${path}`, { method: "POST", body: new URLSearchParams(fields) });
    return (await answer.json()) as Record<string, string>;
  };
  const begun = await send("/oauth/device_authorization", {
    client_id: "uptrakit-cli",
    resource: `${server.url}/api/v1`,
    scope: "hosts:read hosts:report",
    token_name: "cli on web-1",
  });
  const consent = new ConsentPage(page);
  await page.goto(begun.verification_uri_complete!);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByTestId("user-code")).toHaveText(begun.user_code!);
  await expect(page.getByText("It asked from 127.0.0.1", { exact: false })).toBeVisible();
  await expect(consent.tokenName).toHaveValue("cli on web-1");
  await consent.tokenName.fill("cli on my laptop");
  await consent.allow.click();
  await expect(page.getByText("The device goes on by itself within seconds.")).toBeVisible();

  const given = await send("/oauth/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: begun.device_code!,
    client_id: "uptrakit-cli",
  });
  expect(given.access_token).toMatch(tokenPattern);
  expect((await call(server, given.access_token, "/auth/me")).body).toMatchObject({
    username: ada.username,
    token: { name: "cli on my laptop" },
  });
  await page.goto(`${server.url}/profile`);
  await expect(new ProfilePage(page).row("cli on my laptop")).toBeVisible();
});

test("a program that a person allows stands on Profile until it is disconnected", async ({
  server,
  signedIn: page,
  complaints,
}) => {
  const program = await Listener.program();
  complaints.provoke(program.requests);
  const inspector = await Application.register(server, "Inspector", "http://127.0.0.1/callback", program.callback);
  await page.goto(inspector.asks("hosts:read"));
  const consent = new ConsentPage(page);
  await expect(page.getByText("Inspector not verified asks for access to your account.")).toBeVisible();
  await expect(page.getByText("a program on this computer", { exact: true })).toBeVisible();
  await expect(page.getByText("Any program can call itself that.", { exact: false })).toBeVisible();
  await consent.allow.click();
  await expect(page.getByText("Connected")).toBeVisible();
  expect(page.url().startsWith(`${program.callback}?`)).toBe(true);
  program.stop();
  const { refresh_token, scope } = await inspector.exchange(program.answers[0]!);
  expect(scope).toBe("hosts:read");

  await page.goto(`${server.url}/profile`);
  const row = page.getByTestId("application-row");
  await expect(row).toContainText("Inspector");
  await expect(row).toContainText("A program on the computer");
  await page.getByRole("button", { name: "Disconnect Inspector", exact: true }).click();
  await page.getByRole("button", { name: "Disconnect", exact: true }).click();
  await expect(page.getByText(/Disconnected. Effective everywhere since/)).toBeVisible();
  await expect(row).toHaveCount(0);
  const refused = await inspector.request({ grant_type: "refresh_token", refresh_token: refresh_token! });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
});

test.describe("with a website that has a certificate of its own", () => {
  test.use({ ignoreHTTPSErrors: true });

  test("a website gets its answer over https, and is asked about no more once it is verified", async ({
    server,
    context,
    signedIn: page,
    complaints,
  }) => {
    const website = await Listener.website(server.folder);
    complaints.provoke(website.requests);
    const assistant = await Application.register(server, "Assistant", website.callback);
    const consent = new ConsentPage(page);
    await page.goto(assistant.asks("hosts:read"));
    await expect(page.getByText(website.host, { exact: true })).toBeVisible();
    await consent.allow.click();
    await expect(page.getByText("Connected")).toBeVisible();
    expect(new URL(page.url()).host).toBe(website.host);
    expect((await assistant.exchange(website.answers[0]!)).scope).toBe("hosts:read");
    await page.goto(`${server.url}/profile`);
    await expect(page.getByTestId("application-row")).toContainText(website.host);

    // One that is not verified is asked about again.
    await page.goto(assistant.asks("hosts:read"));
    await expect(consent.heading).toBeVisible();
    const [all, headers] = [`${server.url}/api/v1/applications`, { Origin: server.url }];
    const { items } = await (await context.request.get(all, { headers })).json();
    const { id } = items.find(({ name }: { name: string }) => name === "Assistant");
    const verified = await context.request.patch(`${all}/${id}`, { headers, data: { verified: true } });
    expect(verified.status()).toBe(200);
    await page.goto(assistant.asks("hosts:read"));
    await expect(page.getByText("Connected")).toBeVisible();
    expect(website.answers).toHaveLength(2);
    expect((await assistant.exchange(website.answers[1]!)).scope).toBe("hosts:read");
    // More than it was given is a new question.
    await page.goto(assistant.asks("hosts:read hosts:write"));
    await expect(page.getByText("Assistant verified asks for access to your account.")).toBeVisible();
    await consent.deny.click();
    await expect(page.getByText("Connected")).toBeVisible();
    expect(website.answers[2]!.get("error")).toBe("access_denied");
    website.stop();
  });
});

test("an app that opens links of its own gets a code by its link", async ({ server, signedIn: page, complaints }) => {
  // No program opens the link here.
  complaints.provoke(/cursor:/);
  const cursor = await Application.register(server, "Cursor", "cursor://anysphere.cursor-mcp/oauth/callback");
  await page.goto(cursor.asks("hosts:read"));
  await expect(page.getByText("cursor://", { exact: true })).toBeVisible();
  await new ConsentPage(page).allow.click();
  await expect(page.getByText("You can close this page.")).toBeVisible();
  const link = await page.getByRole("link", { name: "Tell it once more" }).getAttribute("href");
  expect(link).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?/);
  expect((await cursor.exchange(new URL(link!).searchParams)).scope).toBe("hosts:read");
});

test("the address of a device fills in its code and waits for the person", async ({ server, signedIn: page }) => {
  await waits(page, fromDevice, null);
  await page.goto(`${server.url}/device?code=BCDF-GHJK`);
  await expect(page.getByLabel("Code", { exact: true })).toHaveValue("BCDF-GHJK");
  await expect(new ConsentPage(page).allow).toHaveCount(0);
});

test("a code that no device shows is refused at its field", async ({ server, signedIn: page, complaints }) => {
  complaints.provoke(/status of 404/);
  await refuses(page, "not-found", 404, "There is no such request.");
  await page.goto(`${server.url}/device?code=BCDF-GHJK`);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("The code is not known.")).toBeVisible();
  await expect(page.getByLabel("Code", { exact: true })).toBeFocused();
});

for (const [code, status, words] of [
  ["not-found", 404, "There is no such request"],
  ["conflict", 409, "This request was answered already."],
] as const) {
  test(`a request that is refused as ${code} says what to do next`, async ({ server, signedIn: page, complaints }) => {
    complaints.provoke(/status of (404|409)/);
    await refuses(page, code, status, "This request was answered already. Begin again in the application.");
    await page.goto(`${server.url}${path}`);
    await expect(new Shell(page).heading("This request can't be answered")).toBeVisible();
    await expect(page.getByText(words)).toBeVisible();
    await expect(page.getByText("go back to the program and connect it once more")).toBeVisible();
  });
}

test("an account that has nothing of what is asked for can only deny", async ({ server, signedIn: page }) => {
  await waits(page, forNothing, null);
  const consent = new ConsentPage(page);
  await page.goto(`${server.url}${path}`);
  await expect(page.getByText("It asks for nothing that your account may do.")).toBeVisible();
  await expect(consent.allow).toBeDisabled();
  await expect(consent.deny).toBeEnabled();
});

test("what was allowed before goes on at once", async ({ server, signedIn: page, complaints }) => {
  complaints.provoke(/request to another site: https:\/\/claude\.ai\//);
  await page.route("https://claude.ai/**", (route) => route.fulfill({ contentType: "text/html", body: "<p>Back" }));
  await page.route(/\/rpc\/open_consent$/, (route) =>
    route.fulfill({ json: { kind: "continue", redirect: "https://claude.ai/callback?code=upc_1" } }),
  );
  await page.goto(`${server.url}${path}`);
  await expect(page.getByText("Back")).toBeVisible();
});

test("a connected application is disconnected, with the notice of a revoke", async ({ server, signedIn: page }) => {
  const asked = await haveApplications(page);
  await page.goto(`${server.url}/profile`);
  const section = page.getByRole("region", { name: "Connected applications" });
  await expect(section.getByTestId("application-row")).toHaveCount(2);
  const claude = section.getByTestId("application-row").filter({ hasText: "Claude" });
  await expect(claude).toContainText("claude.ai");
  await expect(claude).toContainText("from 10.0.3.7");
  await expect(claude).not.toContainText("not verified");
  await page.getByRole("button", { name: "Disconnect Claude", exact: true }).click();
  await page
    .getByRole("dialog", { name: "Disconnect application" })
    .getByRole("button", { name: "Disconnect", exact: true })
    .click();
  await expect(
    page.getByText("Disconnected. Effective everywhere since 14:03:07.120; 2 requests were cut off."),
  ).toBeVisible();
  await expect(section.getByTestId("application-row")).toHaveCount(1);
  expect(asked).toEqual(["DELETE /api/v1/auth/applications/01936f6e-2b6c-7d3a-9c41-5e0f8a7b1c2d"]);
  await expect(new ProfilePage(page).heading).toBeVisible();
});

test("an administrator verifies an application and deletes it", async ({ server, signedIn: page }) => {
  const asked = await haveApplications(page);
  await page.goto(`${server.url}/users`);
  await expect(new UsersPage(page).row(ada.email)).toBeVisible();
  const name = "an-application-with-a-rather-long-name.internal.example.org";
  const row = page.getByTestId("application-row").filter({ hasText: name });
  await page.getByRole("button", { name: `Verify ${name}`, exact: true }).click();
  const verify = page.getByRole("dialog", { name: "Verify application" });
  await expect(verify).toContainText("http://127.0.0.1/callback");
  await verify.getByRole("button", { name: "Verify", exact: true }).click();
  await expect(row.getByText("not verified")).toHaveCount(0);
  await page.getByRole("button", { name: "Delete Claude", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Delete application" });
  await expect(dialog).toContainText("3 accounts lose the connection to it");
  await dialog.getByRole("button", { name: "Delete now" }).click();
  await expect(page.getByText("Claude was deleted.")).toBeVisible();
  expect(asked).toEqual([
    'PATCH /api/v1/applications/01936f6e-2b6c-7d3a-9c41-5e0f8a7b1c2e {"verified":true}',
    "DELETE /api/v1/applications/01936f6e-2b6c-7d3a-9c41-5e0f8a7b1c2d",
  ]);
});

test("an administrator sees what is connected to an account, and disconnects it", async ({
  server,
  signedIn: page,
  complaints,
}) => {
  const program = await Listener.program();
  complaints.provoke(program.requests);
  const inspector = await Application.register(server, "Inspector", "http://127.0.0.1/callback", program.callback);
  await page.goto(inspector.asks("hosts:read"));
  await new ConsentPage(page).allow.click();
  await expect(page.getByText("Connected")).toBeVisible();
  program.stop();
  const { refresh_token } = await inspector.exchange(program.answers[0]!);

  await page.goto(`${server.url}/users`);
  await new UsersPage(page).tokensOf(ada.username);
  const section = page.getByRole("region", { name: `Applications connected to ${ada.username}` });
  const row = section.getByTestId("application-row");
  await expect(row).toContainText("Inspector");
  await expect(row).toContainText("hosts:read");
  await section.getByRole("button", { name: "Disconnect Inspector", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Disconnect application" });
  await expect(dialog).toContainText(`it has to ask ${ada.username} again`);
  await dialog.getByRole("button", { name: "Disconnect", exact: true }).click();
  await expect(page.getByText(/Disconnected. Effective everywhere since/)).toBeVisible();
  await expect(section.getByText("No application is connected to this account.")).toBeVisible();
  await expect(section.getByRole("heading", { level: 2 })).toBeFocused();
  const refused = await inspector.request({ grant_type: "refresh_token", refresh_token: refresh_token! });
  expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
});
