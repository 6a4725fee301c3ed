// Every view and dialog in a state worth looking at, for the tests that look at all of them.
import type { BrowserContext, Page } from "@playwright/test";

import { HostsPage } from "../pages/hosts.ts";
import { LoginPage } from "../pages/login.ts";
import { ProfilePage } from "../pages/profile.ts";
import { SetupPage } from "../pages/setup.ts";
import { Shell } from "../pages/shell.ts";
import { UsersPage } from "../pages/users.ts";
import { call, mint, report } from "./api.ts";
import { expect, signIn } from "./fixtures.ts";
import { Server, ada } from "./server.ts";

export interface View {
  name: string;
  /** Who looks. */
  visitor: "first" | "signed out" | "signed in";
  /** Whether the visitor has nothing yet. */
  isEmpty?: boolean;
  /** What the server is started with. */
  settings?: Record<string, string>;
  open(page: Page, server: Server): Promise<void>;
}

const profile = async (page: Page, server: Server): Promise<ProfilePage> => {
  const view = new ProfilePage(page);
  await page.goto(`${server.url}/profile`);
  await expect(view.row("backup-nightly")).toBeVisible();
  return view;
};

export const views: View[] = [
  {
    name: "setup",
    visitor: "first",
    async open(page, server) {
      await page.goto(await server.setupLink());
      await expect(new SetupPage(page).submit).toBeVisible();
    },
  },
  {
    name: "login",
    visitor: "signed out",
    async open(page, server) {
      await page.goto(`${server.url}/login`);
      await expect(new LoginPage(page).submit).toBeVisible();
    },
  },
  {
    name: "login-refused",
    visitor: "signed out",
    async open(page, server) {
      const login = new LoginPage(page);
      await page.goto(`${server.url}/login`);
      await login.signIn("ada", "this is not the password");
      await expect(login.problem).toHaveText(/\S/);
    },
  },
  {
    name: "profile",
    visitor: "signed in",
    async open(page, server) {
      await profile(page, server);
    },
  },
  {
    name: "profile-revoked",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.state.selectOption({ label: "Revoked" });
      await expect(view.row("leaked-in-a-log")).toBeVisible();
    },
  },
  {
    name: "profile-nothing-found",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.search.fill("no token is called this");
      await expect(view.rows).toHaveCount(0);
    },
  },
  {
    name: "create-token",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.create.click();
      await expect(view.form.name).toBeVisible();
    },
  },
  {
    name: "create-token-narrowed",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.create.click();
      await view.form.chosen.check();
      await view.form.submit.click();
      await expect(view.form.dialog.locator("[aria-invalid=true]").first()).toBeVisible();
    },
  },
  {
    name: "reveal",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.createToken("ci-pipeline");
    },
  },
  {
    name: "edit-token",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.action("Edit", "backup-nightly").click();
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
  {
    name: "rotate-token",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.action("Rotate", "backup-nightly").click();
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
  {
    name: "revoke-token",
    visitor: "signed in",
    async open(page, server) {
      const view = await profile(page, server);
      await view.action("Revoke", "backup-nightly").click();
      await expect(view.revokeDialog).toBeVisible();
    },
  },
  {
    name: "account-menu",
    visitor: "signed in",
    async open(page, server) {
      await profile(page, server);
      const shell = new Shell(page);
      await shell.accountMenu.click();
      await expect(shell.signOut).toBeVisible();
    },
  },
  {
    name: "hosts",
    visitor: "signed in",
    async open(page, server) {
      await page.goto(`${server.url}/hosts`);
      await expect(new HostsPage(page).named("web-1").first()).toBeVisible();
    },
  },
  {
    name: "hosts-nothing-found",
    visitor: "signed in",
    async open(page, server) {
      await page.goto(`${server.url}/hosts?q=no-such-machine`);
      await expect(page.getByText("No host matches the search.")).toBeVisible();
      await expect(new HostsPage(page).named("web-1")).toHaveCount(0);
    },
  },
  {
    name: "rename-host",
    visitor: "signed in",
    async open(page, server) {
      await page.goto(`${server.url}/hosts`);
      await page.getByRole("button", { name: "Rename web-1", exact: true }).click();
      await expect(page.getByRole("dialog", { name: "Rename host" })).toBeVisible();
    },
  },
  {
    name: "users",
    visitor: "signed in",
    async open(page, server) {
      await page.goto(`${server.url}/users`);
      await expect(new UsersPage(page).row("ada@example.org")).toBeVisible();
    },
  },
  {
    name: "add-person",
    visitor: "signed in",
    async open(page, server) {
      const users = new UsersPage(page);
      await page.goto(`${server.url}/users`);
      await users.add.click();
      await expect(users.addDialog).toBeVisible();
    },
  },
  {
    name: "change-roles",
    visitor: "signed in",
    async open(page, server) {
      const users = new UsersPage(page);
      await page.goto(`${server.url}/users`);
      await page.getByRole("button", { name: "Roles of ada", exact: true }).click();
      await expect(users.rolesDialog).toBeVisible();
    },
  },
  {
    name: "user-tokens",
    visitor: "signed in",
    async open(page, server) {
      await page.goto(`${server.url}/users`);
      const tokens = await new UsersPage(page).tokensOf("ada");
      await expect(tokens.row("backup-nightly")).toBeVisible();
    },
  },
  {
    name: "not-found",
    visitor: "signed in",
    async open(page, server) {
      await page.goto(`${server.url}/no-such-page`);
      await expect(new Shell(page).heading("Page not found")).toBeVisible();
    },
  },
];

/** Starts a server for the view, with what its visitor needs, and opens it. */
export async function show(view: View, page: Page, running: Server[]): Promise<void> {
  const server = await Server.create(view.settings);
  running.push(server);
  if (view.visitor !== "first") await server.addPerson(ada);
  await server.start();
  if (view.visitor === "signed in") {
    await signIn(page.context(), server, ada);
    if (!view.isEmpty) await furnish(page.context(), server);
  }
  await view.open(page, server);
}

/** Something of everything: tokens in each state, hosts with and without updates. */
async function furnish(context: BrowserContext, server: Server): Promise<void> {
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  const reporter = await mint(context, server, { name: "reporter", permissions: ["hosts:report"] });
  await mint(context, server, { name: "backup-nightly", expires_at: inDays(9) });
  await mint(context, server, {
    name: "deploy-production-cluster-eu-central",
    expires_at: inDays(200),
    allowed_networks: ["10.0.0.0/8", "2001:db8::/32"],
  });
  const leaked = await mint(context, server, { name: "leaked-in-a-log" });
  await call(server, leaked, "/auth/api-tokens/current", { method: "DELETE" });
  await call(server, reporter, "/hosts/report", { method: "POST", json: report("web-1") });
  await call(server, reporter, "/hosts/report", {
    method: "POST",
    json: report("database-primary-with-a-long-name.internal.example.org", {
      pending_updates: 31,
      security_updates: 12,
      reboot_required: true,
    }),
  });
  await call(server, reporter, "/hosts/report", {
    method: "POST",
    json: report("appliance", { pending_updates: null, security_updates: null, reboot_required: null }),
  });
}
