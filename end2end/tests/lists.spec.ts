// Lists in pages: what the address says of them, and what they show when rows go away.
import { call, mint, report } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { HostsPage } from "../pages/hosts.ts";
import { ProfilePage } from "../pages/profile.ts";
import { UsersPage } from "../pages/users.ts";

/** One more than stand on a page. */
const numbers = Array.from({ length: 21 }, (_, index) => `${index + 1}`.padStart(2, "0"));

test("after somebody else deleted the last host of a page, the list shows the last page that exists", async ({
  server,
  context,
  signedIn: page,
}) => {
  const token = await mint(context, server, { name: "reporter" });
  let last = "";
  for (const number of numbers) {
    const answer = await call(server, token, "/hosts/report", { method: "POST", json: report(`web-${number}`) });
    last = answer.body.id as string;
  }
  const hosts = new HostsPage(page);
  await page.goto(`${server.url}/hosts?page=2`);
  await expect(hosts.named("web-21").first()).toBeVisible();
  expect((await call(server, token, `/hosts/${last}`, { method: "DELETE" })).status).toBe(204);
  await expect(hosts.named("web-01").first()).toBeVisible();
  await expect(page.getByText("No host matches")).toHaveCount(0);
  await expect(page.getByRole("navigation", { name: "Pages of hosts" })).toHaveCount(0);
});

test("after the last token of somebody's page is revoked, the list shows the last page that exists", async ({
  server,
  context,
  signedIn: page,
}) => {
  for (const number of numbers) await mint(context, server, { name: `runner-${number}` });
  await page.goto(`${server.url}/users`);
  const tokens = await new UsersPage(page).tokensOf(ada.username);
  await tokens.section.getByRole("button", { name: "Next" }).click();
  await expect(tokens.section.getByTestId("token-row")).toHaveCount(1);
  await tokens.revoke("runner-01").click();
  await tokens.revokeDialog.getByRole("button", { name: "Revoke now" }).click();
  await expect(tokens.section.getByTestId("token-row")).toHaveCount(20);
  await expect(tokens.section.getByText(/Page \d/)).toHaveCount(0);
});

test("a page that never was is the last one", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  for (const number of numbers) {
    await call(server, token, "/hosts/report", { method: "POST", json: report(`web-${number}`) });
  }
  const hosts = new HostsPage(page);
  await page.goto(`${server.url}/hosts?page=999`);
  await expect(hosts.named("web-21").first()).toBeVisible();
  await expect(page.getByText("Page 2 of 2")).toBeVisible();
  await expect(page).toHaveURL(/[?&]page=2$/);

  const profile = new ProfilePage(page);
  await page.goto(`${server.url}/profile?page=999`);
  await expect(profile.row("reporter")).toBeVisible();
  await page.goto(`${server.url}/profile?page=2&q=no+such+token`);
  await expect(profile.section.getByText("No active token matches.")).toBeVisible();
  await expect(profile.section.getByText(/Page \d/)).toHaveCount(0);
});

test("the address says which page is shown, and says nothing of the first", async ({
  server,
  context,
  signedIn: page,
}) => {
  // A page that is behind the last one, and what is no number of a page.
  for (const wrong of ["9", "1", "0", "-1", "two", "99999999999"]) {
    await page.goto(`${server.url}/users?page=${wrong}`);
    await expect(page).toHaveURL(`${server.url}/users`);
    await page.goto(`${server.url}/hosts?page=${wrong}&q=zzz`);
    await expect(page).toHaveURL(`${server.url}/hosts?q=zzz`);
    await page.goto(`${server.url}/profile?page=${wrong}&sort=name#activity`);
    await expect(page).toHaveURL(`${server.url}/profile?sort=name#activity`);
  }
  // Somebody's tokens are not shown yet, so no page of them is.
  await page.goto(`${server.url}/users?tokens=2`);
  await expect(page).toHaveURL(`${server.url}/users`);

  for (const number of numbers) await mint(context, server, { name: `runner-${number}` });
  const { section } = await new UsersPage(page).tokensOf(ada.username);
  await section.getByRole("button", { name: "Next" }).click();
  await expect(section.getByText("Page 2 of 2")).toBeVisible();
  await expect(page).toHaveURL(`${server.url}/users?tokens=2`);
  await section.getByRole("button", { name: "Close" }).click();
  await expect(page).toHaveURL(`${server.url}/users`);

  await page.goto(`${server.url}/profile`);
  const activity = page.getByRole("region", { name: "Activity" });
  await activity.getByRole("button", { name: "Next" }).click();
  await expect(activity.getByText(/Page 2 of/)).toBeVisible();
  await expect(page).toHaveURL(`${server.url}/profile?activity=2`);
  await new ProfilePage(page).section.getByRole("button", { name: "Next" }).click();
  await expect(page).toHaveURL(`${server.url}/profile?activity=2&page=2`);
  await page.reload();
  await expect(activity.getByText(/Page 2 of/)).toBeVisible();
  await activity.getByRole("button", { name: "Previous" }).click();
  await expect(page).toHaveURL(`${server.url}/profile?page=2`);
});

test("search, state, order and page of the tokens are in the address and survive a reload and the way back", async ({
  server,
  context,
  signedIn: page,
}) => {
  for (const number of numbers) await mint(context, server, { name: `runner-${number}` });
  const leaked = await mint(context, server, { name: "leaked" });
  await call(server, leaked, "/auth/api-tokens/current", { method: "DELETE" });
  const profile = new ProfilePage(page);
  const sort = profile.section.getByLabel("Sort by", { exact: true });
  await page.goto(`${server.url}/profile`);
  await expect(profile.rows).toHaveCount(20);

  await sort.selectOption({ label: "Name" });
  await expect(profile.rows.first()).toContainText("runner-01");
  await profile.section.getByRole("button", { name: "Next" }).click();
  await expect(profile.rows).toHaveCount(1);
  await expect(page).toHaveURL(/\?sort=name&page=2$/);
  await page.reload();
  await expect(profile.rows).toHaveCount(1);
  await expect(profile.row("runner-21")).toBeVisible();
  await expect(sort).toHaveValue("name");

  // Another choice starts on its first page.
  await profile.state.selectOption({ label: "Revoked" });
  await expect(profile.row("leaked")).toBeVisible();
  await profile.search.fill("leak");
  await expect(page).toHaveURL(/\?q=leak&state=revoked&sort=name$/);

  await page.getByRole("navigation").getByRole("link", { name: "Hosts", exact: true }).click();
  await expect(new HostsPage(page).heading).toBeVisible();
  await page.goBack();
  await expect(profile.row("leaked")).toBeVisible();
  await expect(profile.search).toHaveValue("leak");
  await expect(profile.state).toHaveValue("revoked");
  await expect(sort).toHaveValue("name");
});
