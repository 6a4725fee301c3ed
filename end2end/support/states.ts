// The views when not all is well: waiting, empty, refused, offline, throttled, signed out in the middle of work, out of
// room. They stand beside the views themselves, so that the same eyes look at both.
import { type Page, expect } from "@playwright/test";

import { ConsentPage } from "../pages/consent.ts";
import { HostsPage } from "../pages/hosts.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { SetupPage } from "../pages/setup.ts";
import { Shell } from "../pages/shell.ts";
import { UsersPage } from "../pages/users.ts";
import { becomes, call, mint, report, used } from "./api.ts";
import {
  type Consent,
  forNothing,
  fromApp,
  fromDevice,
  fromProgram,
  fromWebsite,
  haveApplications,
  imitation,
  refuses,
  waits,
} from "./applications.ts";
import { installClock } from "./clock.ts";
import { signIn } from "./fixtures.ts";
import { type Server, ada } from "./server.ts";
import type { View } from "./views.ts";

/** What each view asks for when it opens. */
const lists = {
  profile: /\/rpc\/list_|\/api\/v1\/auth\/applications/,
  hosts: /\/api\/v1\/hosts(\?|$)/,
  users: /\/api\/v1\/(users|applications)/,
};

type Name = keyof typeof lists;
const names = Object.keys(lists) as Name[];

const unavailable = {
  status: 503,
  contentType: "application/problem+json",
  body: JSON.stringify({
    type: "urn:uptrakit:problem:unavailable",
    title: "Unavailable",
    status: 503,
    detail: "The database doesn't answer. Try again in a moment.",
    code: "unavailable",
    request_id: "1b7e5f2c90aa4c3d-42",
  }),
};

const arrive = async (page: Page, server: Server, name: Name): Promise<void> => {
  await page.goto(`${server.url}/${name}`);
  // Not that of the frame that stands there before the app does.
  await expect(page.getByRole("heading", { level: 1 }).filter({ hasNotText: "Loading" })).toBeVisible();
};

const loading = (name: Name): View => ({
  name: `${name}-loading`,
  visitor: "signed in",
  async open(page, server) {
    await page.route(lists[name], () => {});
    await arrive(page, server, name);
    await expect(page.locator(".skeleton").first()).toBeVisible();
    await expect(page.locator(".empty")).toHaveCount(0);
  },
});

const refused = (name: Name): View => ({
  name: `${name}-refused`,
  visitor: "signed in",
  async open(page, server) {
    await page.route(lists[name], (route) => route.fulfill(unavailable));
    await arrive(page, server, name);
    await expect(page.getByRole("button", { name: "Try again" }).first()).toBeVisible();
    await expect(page.locator(".empty")).toHaveCount(0);
  },
});

const offline = (name: Name): View => ({
  name: `${name}-offline`,
  visitor: "signed in",
  async open(page, server) {
    await arrive(page, server, name);
    await expect(page.getByRole("row").nth(1)).toBeVisible();
    await page.context().setOffline(true);
    await expect(page.getByText("You are offline.")).toBeVisible();
  },
});

/** Signed in, with the dialog of a new token open. */
const creating = async (page: Page, server: Server): Promise<ProfilePage> => {
  const profile = new ProfilePage(page);
  await arrive(page, server, "profile");
  await profile.create.click();
  await profile.form.name.fill("ci-pipeline");
  return profile;
};

/** Profile, once it shows that a token is in use. */
const withUse = async (page: Page, server: Server): Promise<ProfilePage> => {
  const profile = new ProfilePage(page);
  await used(page.context(), server, "reporter");
  await arrive(page, server, "profile");
  await expect(profile.row("reporter")).toContainText("127.0.0.1");
  return profile;
};

const grace = { username: "grace", email: "grace@example.org", password: "lanterns over the quiet harbour" };

/** Somebody who may look and nothing else, in place of the administrator. */
const asViewer = async (page: Page, server: Server): Promise<void> => {
  await server.addPerson(grace, "viewer");
  await page.context().clearCookies();
  await signIn(page.context(), server, grace);
};

/** Has the browser keep the page from its clipboard. */
const refuseClipboard = async (page: Page): Promise<void> => {
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
    Object.defineProperty(navigator, "clipboard", { value: { writeText: refuse } });
  });
};

const consent = (name: string, asked: Consent): View => ({
  name: `consent-${name}`,
  visitor: "signed in",
  async open(page, server) {
    await waits(page, asked, null);
    await page.goto(`${server.url}/oauth/consent?request=request-of-the-test`);
    await expect(new ConsentPage(page).allow).toBeVisible();
  },
});

export const states: View[] = [
  consent("website", fromWebsite),
  consent("program", fromProgram),
  consent("app", fromApp),
  consent("imitation", imitation),
  consent("nothing", forNothing),
  {
    name: "consent-answered",
    visitor: "signed in",
    async open(page, server) {
      await waits(page, fromDevice, null);
      await page.goto(`${server.url}/device?code=BCDF-GHJK`);
      await page.getByRole("button", { name: "Continue" }).click();
      await new ConsentPage(page).allow.click();
      await expect(page.getByText("You can close this page.")).toBeVisible();
    },
  },
  {
    name: "consent-over",
    visitor: "signed in",
    async open(page, server) {
      await refuses(page, "not-found", 404, "There is no such request.");
      await page.goto(`${server.url}/oauth/consent?request=request-of-the-test`);
      await expect(new Shell(page).heading("This request can't be answered")).toBeVisible();
    },
  },
  {
    name: "device",
    visitor: "signed in",
    async open(page, server) {
      await refuses(page, "not-found", 404, "There is no such request.");
      await page.goto(`${server.url}/device?code=BCDF-GHJK`);
      await page.getByRole("button", { name: "Continue" }).click();
      await expect(page.getByText("The code is not known.")).toBeVisible();
    },
  },
  consent("device", fromDevice),
  {
    name: "applications",
    visitor: "signed in",
    async open(page, server) {
      await haveApplications(page);
      await page.goto(`${server.url}/profile`);
      const rows = page.getByTestId("application-row");
      await expect(rows).toHaveCount(2);
      await rows.first().scrollIntoViewIfNeeded();
    },
  },
  {
    name: "disconnect-application",
    visitor: "signed in",
    async open(page, server) {
      await haveApplications(page);
      await page.goto(`${server.url}/profile`);
      await page.getByRole("button", { name: "Disconnect Claude", exact: true }).click();
      await expect(page.getByRole("dialog", { name: "Disconnect application" })).toBeVisible();
    },
  },
  ...["Claude Code", "Claude Desktop", "VS Code"].map((client): View => ({
    name: `assistants-${client.toLowerCase().replace(" ", "-")}`,
    visitor: "signed in",
    isEmpty: true,
    async open(page, server) {
      await page.goto(`${server.url}/profile`);
      await page.getByText("Address and lines to copy").click();
      await page.getByLabel("Assistant", { exact: true }).selectOption({ label: client });
      await expect(page.getByTestId("assistant-lines")).toContainText("/mcp");
    },
  })),
  {
    name: "assistants-clipboard-refused",
    visitor: "signed in",
    isEmpty: true,
    async open(page, server) {
      await refuseClipboard(page);
      await page.goto(`${server.url}/profile`);
      await page.getByText("Address and lines to copy").click();
      await page.getByRole("button", { name: "Copy the address", exact: true }).click();
      await expect(page.getByText(/The text is selected: press Ctrl\+C/)).toBeVisible();
    },
  },
  {
    name: "user-applications",
    visitor: "signed in",
    async open(page, server) {
      await haveApplications(page);
      await page.goto(`${server.url}/users`);
      const tokens = await new UsersPage(page).tokensOf("ada");
      await expect(tokens.row("backup-nightly")).toBeVisible();
      const section = page.getByRole("region", { name: "Applications connected to ada" });
      await expect(section.getByTestId("application-row")).toHaveCount(2);
    },
  },
  {
    name: "users-applications",
    visitor: "signed in",
    async open(page, server) {
      await haveApplications(page);
      await page.goto(`${server.url}/users`);
      await expect(page.getByTestId("application-row")).toHaveCount(2);
    },
  },
  {
    name: "verify-application",
    visitor: "signed in",
    async open(page, server) {
      await haveApplications(page);
      await page.goto(`${server.url}/users`);
      await page.getByRole("button", { name: /^Verify an-application/ }).click();
      await expect(page.getByRole("dialog", { name: "Verify application" })).toBeVisible();
    },
  },
  {
    name: "delete-application",
    visitor: "signed in",
    async open(page, server) {
      await haveApplications(page);
      await page.goto(`${server.url}/users`);
      await page.getByRole("button", { name: "Delete Claude", exact: true }).click();
      await expect(page.getByRole("dialog", { name: "Delete application" })).toBeVisible();
    },
  },
  ...names.flatMap((name) => [loading(name), refused(name), offline(name)]),
  {
    name: "page-loading",
    visitor: "signed in",
    async open(page, server) {
      await page.route(/\/rpc\/find_visitor/, () => {});
      await page.goto(`${server.url}/profile`);
      await expect(page.locator(".skeleton").first()).toBeVisible();
    },
  },
  {
    name: "page-refused",
    visitor: "signed in",
    async open(page, server) {
      await page.route(/\/rpc\/find_visitor/, (route) => route.fulfill(unavailable));
      await page.goto(`${server.url}/profile`);
      await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
    },
  },
  {
    name: "profile-empty",
    visitor: "signed in",
    isEmpty: true,
    async open(page, server) {
      await arrive(page, server, "profile");
      await expect(page.getByRole("button", { name: "Create token" }).last()).toBeVisible();
    },
  },
  {
    name: "profile-full",
    visitor: "signed in",
    settings: { UPTRAKIT_TOKEN_LIMIT: "4" },
    async open(page, server) {
      await mint(page.context(), server, { name: "the-last-one" });
      await arrive(page, server, "profile");
      await expect(page.getByText("You have reached your limit of active tokens.")).toBeVisible();
      await expect(new ProfilePage(page).create).toBeDisabled();
    },
  },
  {
    name: "profile-on-hold",
    visitor: "signed in",
    async open(page, server) {
      await server.backUpAndRestore();
      await signIn(page.context(), server, ada);
      await arrive(page, server, "profile");
      await expect(new ProfilePage(page).action("Confirm", "backup-nightly")).toBeVisible();
    },
  },
  {
    name: "profile-rotating",
    visitor: "signed in",
    async open(page, server) {
      const profile = new ProfilePage(page);
      await arrive(page, server, "profile");
      await profile.action("Rotate", "backup-nightly").click();
      await profile.rotateDialog.getByRole("combobox").selectOption({ label: "In 1 hour" });
      await profile.rotateDialog.getByRole("button", { name: "Rotate now", exact: true }).click();
      await profile.reveal.stored.check();
      await profile.reveal.done.click();
      await expect(profile.row("backup-nightly")).toContainText("Old token");
    },
  },
  {
    name: "profile-after-revoke",
    visitor: "signed in",
    async open(page, server) {
      const profile = new ProfilePage(page);
      await arrive(page, server, "profile");
      await profile.revoke("backup-nightly");
      await expect(new Shell(page).notice.filter({ hasText: "Revoked" })).toBeVisible();
    },
  },
  {
    name: "create-token-refused",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await page.route(/\/rpc\/create_token/, (route) => route.fulfill(unavailable));
      await profile.form.submit.click();
      await expect(profile.form.dialog.getByRole("alert")).toBeVisible();
    },
  },
  {
    name: "reveal-clipboard-refused",
    visitor: "signed in",
    async open(page, server) {
      await refuseClipboard(page);
      const profile = await creating(page, server);
      await profile.form.submit.click();
      await profile.reveal.copy.click();
      await expect(page.getByRole("dialog").getByText(/Ctrl\+C/)).toBeVisible();
    },
  },
  {
    name: "reveal-used",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await profile.form.submit.click();
      await call(server, await profile.reveal.read(), "/auth/me");
      await page.getByText("More ready-made lines").click();
      await expect(page.getByRole("dialog").getByText(/first use seen/i)).toBeVisible({ timeout: 30_000 });
    },
  },
  {
    name: "hosts-empty",
    visitor: "signed in",
    isEmpty: true,
    async open(page, server) {
      await arrive(page, server, "hosts");
      await expect(page.getByRole("heading", { name: "No host reports yet" })).toBeVisible();
    },
  },
  {
    name: "add-person-refused",
    visitor: "signed in",
    async open(page, server) {
      const users = new UsersPage(page);
      await arrive(page, server, "users");
      await users.add.click();
      await users.addDialog.getByRole("button", { name: "Add", exact: true }).click();
      await expect(users.addDialog.locator("[aria-invalid=true]").first()).toBeVisible();
    },
  },
  {
    name: "login-throttled",
    visitor: "signed out",
    async open(page, server) {
      for (let attempts = 0; attempts < 60; attempts += 1) {
        const body = JSON.stringify({ login: "ada", password: "this is not the password" });
        const headers = { "Content-Type": "application/json" };
        const answer = await fetch(`${server.url}/api/v1/auth/sessions`, { method: "POST", headers, body });
        if (answer.status === 429) break;
      }
      const login = new LoginPage(page);
      await page.goto(`${server.url}/login`);
      await login.signIn("ada", "this is not the password");
      await expect(login.problem).toContainText("Try again in");
    },
  },
  {
    name: "login-after-leaving",
    visitor: "signed in",
    async open(page, server) {
      await arrive(page, server, "profile");
      const shell = new Shell(page);
      await shell.accountMenu.click();
      await shell.signOut.click();
      await expect(page.getByText("You are signed out.")).toBeVisible();
    },
  },
  {
    name: "login-session-ended",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await page
        .context()
        .request.delete(`${server.url}/api/v1/auth/sessions/current`, { headers: { Origin: server.url } });
      await profile.form.submit.click();
      await expect(page.getByText("You were signed out.")).toBeVisible();
    },
  },
  {
    name: "setup-refused",
    visitor: "signed out",
    async open(page, server) {
      await page.goto(`${server.url}/setup?code=an-old-one`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.locator(".skeleton")).toHaveCount(0);
    },
  },
  {
    name: "setup-password-refused",
    visitor: "first",
    async open(page, server) {
      const setup = new SetupPage(page);
      await page.goto(await server.setupLink());
      await setup.fill({ ...ada, password: "uptrakituptrakit" });
      await setup.submit.click();
      await expect(setup.password).toHaveAttribute("aria-invalid", "true");
    },
  },
  {
    name: "setup-invited",
    visitor: "signed in",
    async open(page, server) {
      const data = { username: grace.username, email: grace.email, roles: ["operator"] };
      const headers = { Origin: server.url };
      const answer = await page.context().request.post(`${server.url}/api/v1/users`, { data, headers });
      const { invite_url: link } = await answer.json();
      await page.context().clearCookies();
      await page.goto(link);
      await expect(new SetupPage(page).submit).toBeVisible();
    },
  },
  {
    name: "hosts-viewer",
    visitor: "signed in",
    async open(page, server) {
      await asViewer(page, server);
      await arrive(page, server, "hosts");
      await expect(new HostsPage(page).named("web-1").first()).toBeVisible();
    },
  },
  {
    name: "users-forbidden",
    visitor: "signed in",
    async open(page, server) {
      await asViewer(page, server);
      await arrive(page, server, "users");
      await expect(page.getByRole("heading", { level: 1, name: "Page not found" })).toBeVisible();
    },
  },
  {
    name: "revoke-token-refused",
    visitor: "signed in",
    async open(page, server) {
      const profile = new ProfilePage(page);
      await arrive(page, server, "profile");
      await profile.action("Revoke", "backup-nightly").click();
      await page.route(/\/rpc\/revoke_token/, (route) => route.fulfill(unavailable));
      await profile.revokeDialog.getByRole("button", { name: "Revoke now" }).click();
      await expect(profile.revokeDialog.getByRole("alert")).toBeVisible();
    },
  },
  {
    name: "rotate-token-offline",
    visitor: "signed in",
    async open(page, server) {
      const profile = new ProfilePage(page);
      await arrive(page, server, "profile");
      await profile.action("Rotate", "backup-nightly").click();
      await page.context().setOffline(true);
      await profile.rotateDialog.getByRole("button", { name: "Rotate now", exact: true }).click();
      await expect(profile.rotateDialog.getByRole("alert")).toBeVisible();
    },
  },
  {
    name: "reveal-copied",
    visitor: "signed in",
    async open(page, server) {
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      const profile = await creating(page, server);
      await profile.form.submit.click();
      await profile.reveal.copy.click();
      await expect(profile.reveal.copied).toBeVisible();
      await page.getByText("More ready-made lines").click();
    },
  },
  {
    name: "profile-rotating-in-use",
    visitor: "signed in",
    async open(page, server) {
      const profile = new ProfilePage(page);
      const old = await mint(page.context(), server, { name: "on-two-machines" });
      await arrive(page, server, "profile");
      await profile.action("Rotate", "on-two-machines").click();
      await profile.rotateDialog.getByLabel("The old token ends").selectOption({ label: "In 24 hours" });
      await profile.rotateDialog.getByRole("button", { name: "Rotate now", exact: true }).click();
      await profile.reveal.stored.check();
      await profile.reveal.done.click();
      expect((await call(server, old, "/auth/me")).status).toBe(200);
      await becomes(page.context(), server, "/auth/api-tokens", (items) =>
        items.some(({ rotation }) => (rotation as { old_last_used_at?: string } | null)?.old_last_used_at),
      );
      await arrive(page, server, "profile");
      await expect(profile.row("on-two-machines")).toContainText("Old token still used");
    },
  },
  {
    name: "create-token-wrong-network",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await profile.form.chosen.check();
      await profile.form.dialog.getByRole("checkbox", { name: /hosts:read\b/ }).check();
      await profile.form.dialog.getByText("Allowed networks").click();
      const networks = profile.form.dialog.getByRole("textbox").last();
      await networks.fill("10.0.0.0/8\nthe office");
      await profile.form.submit.click();
      await expect(networks).toHaveAttribute("aria-invalid", "true");
    },
  },
  {
    name: "users-deactivated",
    visitor: "signed in",
    async open(page, server) {
      await server.addPerson(grace, "operator");
      await arrive(page, server, "users");
      await page.getByRole("button", { name: "Deactivate grace", exact: true }).click();
      await page.getByRole("button", { name: "Deactivate", exact: true }).click();
      await expect(page.getByText("deactivated", { exact: true })).toBeVisible();
    },
  },
  {
    name: "user-tokens-revoked",
    visitor: "signed in",
    async open(page, server) {
      await arrive(page, server, "users");
      const tokens = await new UsersPage(page).tokensOf("ada");
      await tokens.state.selectOption({ label: "All" });
      await expect(tokens.row("leaked-in-a-log")).toBeVisible();
    },
  },
  {
    name: "revoke-token-in-use",
    visitor: "signed in",
    async open(page, server) {
      const profile = await withUse(page, server);
      await profile.action("Revoke", "reporter").click();
      await expect(profile.revokeDialog.getByLabel("Type the name to confirm")).toBeVisible();
    },
  },
  {
    name: "rotate-token-in-use",
    visitor: "signed in",
    async open(page, server) {
      const profile = await withUse(page, server);
      await profile.action("Rotate", "reporter").click();
      const overlap = profile.rotateDialog.getByLabel("The old token ends");
      // What is in use goes on working unless it is told otherwise.
      await expect(overlap).toHaveValue("86400");
      await expect(profile.rotateDialog).toContainText(/It was last used .* from 127\.0\.0\.1/);
      await overlap.selectOption({ label: "At once (it leaked)" });
      await expect(profile.rotateDialog).toContainText("It is in use.");
    },
  },
  {
    name: "reveal-stored",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await profile.form.submit.click();
      await profile.reveal.stored.check();
      await expect(profile.reveal.done).toBeEnabled();
    },
  },
  {
    name: "create-token-without-end",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await profile.form.expires.selectOption({ label: "Never" });
      await profile.form.dialog.getByText("Allowed networks").click();
      await expect(profile.form.dialog.getByText(/One to a line/)).toBeVisible();
    },
  },
  {
    name: "profile-permissions",
    visitor: "signed in",
    async open(page, server) {
      await withUse(page, server);
      await page.getByText("What this account may do").click();
      await expect(page.getByText("hosts:read").first()).toBeVisible();
    },
  },
  {
    name: "profile-sessions",
    visitor: "signed in",
    async open(page, server) {
      for (const browser of ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "curl/8.14.1"]) {
        await fetch(`${server.url}/api/v1/auth/sessions`, {
          method: "POST",
          headers: { "Content-Type": "application/json", "User-Agent": browser },
          body: JSON.stringify({ login: ada.username, password: ada.password }),
        });
      }
      await arrive(page, server, "profile");
      await expect(page.getByRole("button", { name: "End all others" })).toBeVisible();
    },
  },
  {
    name: "profile-password-refused",
    visitor: "signed in",
    async open(page, server) {
      await withUse(page, server);
      const section = page.getByRole("region", { name: "Password" });
      await section.getByLabel("Current password", { exact: true }).fill("this is not the password");
      await section.getByLabel("New password", { exact: true }).fill("amber foxes sing at noon");
      await section.getByRole("button", { name: "Change password" }).click();
      await expect(section.locator("[aria-invalid=true]")).toBeVisible();
    },
  },
  {
    name: "profile-expired",
    visitor: "signed in",
    async open(page, server) {
      await mint(page.context(), server, {
        name: "for-a-moment",
        expires_at: new Date(Date.now() + 1_000).toISOString(),
      });
      await becomes(page.context(), server, "/auth/api-tokens?state=expired", (items) => items.length > 0);
      const profile = new ProfilePage(page);
      await arrive(page, server, "profile");
      await profile.state.selectOption({ label: "Expired" });
      await expect(profile.row("for-a-moment")).toContainText("expired");
    },
  },
  {
    name: "profile-pager",
    visitor: "signed in",
    async open(page, server) {
      for (let number = 1; number <= 21; number += 1) {
        await mint(page.context(), server, { name: `runner-${number}` });
      }
      await arrive(page, server, "profile");
      const pager = page.getByRole("navigation", { name: "Pages of tokens" });
      await pager.getByRole("button", { name: "Next" }).click();
      await expect(pager.getByText("Page 2 of 2")).toBeVisible();
    },
  },
  {
    name: "create-token-until-a-day",
    visitor: "signed in",
    async open(page, server) {
      const profile = await creating(page, server);
      await profile.form.expires.selectOption({ label: "On a date" });
      await profile.form.dialog.getByLabel("Last day").fill("");
      await profile.form.submit.click();
      await expect(profile.form.dialog.getByText("The last day needs a date.")).toBeVisible();
    },
  },
  {
    name: "delete-host",
    visitor: "signed in",
    async open(page, server) {
      await arrive(page, server, "hosts");
      await page.getByRole("button", { name: "Delete web-1", exact: true }).click();
      await expect(page.getByRole("dialog", { name: "Delete host" })).toBeVisible();
    },
  },
  {
    name: "invitation",
    visitor: "signed in",
    async open(page, server) {
      const users = new UsersPage(page);
      await arrive(page, server, "users");
      await users.add.click();
      await users.addDialog.getByLabel("Username", { exact: true }).fill("grace");
      await users.addDialog.getByLabel("Email", { exact: true }).fill("grace@example.org");
      await users.addDialog.getByRole("button", { name: "Add", exact: true }).click();
      await expect(users.invitation).toBeVisible();
      // It is shown once: only the button takes it away.
      await page.keyboard.press("Escape");
      await expect(users.invitation).toBeVisible();
    },
  },
  {
    name: "users-invited",
    visitor: "signed in",
    async open(page, server) {
      await arrive(page, server, "users");
      await new UsersPage(page).invite("grace");
      await expect(page.getByText("invited", { exact: true })).toBeVisible();
    },
  },
  {
    name: "new-link",
    visitor: "signed in",
    async open(page, server) {
      const users = new UsersPage(page);
      await arrive(page, server, "users");
      await users.invite("grace");
      await page.getByRole("button", { name: "New link for grace", exact: true }).click();
      await expect(users.newLinkDialog).toBeVisible();
    },
  },
  {
    name: "deactivate-person",
    visitor: "signed in",
    async open(page, server) {
      await arrive(page, server, "users");
      await page.getByRole("button", { name: "Deactivate ada", exact: true }).click();
      await expect(page.getByRole("dialog", { name: "Deactivate" })).toBeVisible();
    },
  },
  {
    name: "hosts-shared-machine-id",
    visitor: "signed in",
    async open(page, server) {
      const token = await mint(page.context(), server, { name: "fleet" });
      for (const clone of ["runner-1", "runner-2", "runner-1"]) {
        const json = report(clone, { machine_id: "of-one-image" });
        await call(server, token, "/hosts/report", { method: "POST", json });
      }
      await arrive(page, server, "hosts");
      await expect(page.getByText("shared machine id")).toBeVisible();
    },
  },
  {
    name: "hosts-held-back",
    visitor: "signed in",
    async open(page, server) {
      await installClock(page);
      await page.route("**/api/v1/hosts/events", () => {});
      await arrive(page, server, "hosts");
      await page.clock.runFor(15_000);
      await expect(page.getByText("Live updates aren't getting through.")).toBeVisible();
    },
  },
  {
    name: "profile-clock-off",
    visitor: "signed in",
    async open(page, server) {
      await page.clock.setSystemTime(Date.now() - 900_000);
      await arrive(page, server, "profile");
      await expect(page.getByText("This device's clock is about 15 minutes behind the server's.")).toBeVisible();
    },
  },
  {
    name: "hosts-renamed",
    visitor: "signed in",
    async open(page, server) {
      await arrive(page, server, "hosts");
      await page.getByRole("button", { name: "Rename web-1", exact: true }).click();
      await page.getByRole("dialog").getByRole("textbox").fill("The machine under the stairs");
      await page.keyboard.press("Enter");
      await expect(new HostsPage(page).named("The machine under the stairs").first()).toBeVisible();
    },
  },
];
