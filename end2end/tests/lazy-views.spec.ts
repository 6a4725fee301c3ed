// Views whose code is downloaded when they are first shown.
import { HostsPage } from "../pages/hosts.ts";
import { ProfilePage } from "../pages/profile.ts";
import { Shell } from "../pages/shell.ts";
import { expect, test } from "../support/fixtures.ts";

test("a visit downloads the code of what it shows", async ({ server, signedIn: page }) => {
  const files: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith(".wasm")) files.push(new URL(request.url()).pathname.replace(/-.*/, ""));
  });
  await page.goto(`${server.url}/profile`);
  await expect(new ProfilePage(page).create).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(files.filter((file) => file.startsWith("/split_"))).toEqual([]);
  await new Shell(page).navigation("Hosts").click();
  await expect(new HostsPage(page).heading).toBeVisible();
  expect(files.filter((file) => file.startsWith("/split_"))).toEqual(["/split_hosts"]);
});

test("a view whose code can't be loaded says so, and can be tried again", async ({
  server,
  signedIn: page,
  complaints,
}) => {
  complaints.provoke(/ERR_FAILED|Failed to fetch|NetworkError|split_hosts/);
  const shell = new Shell(page);
  await page.goto(`${server.url}/profile`);
  await expect(new ProfilePage(page).create).toBeVisible();
  await page.route(/split_hosts/, (route) => route.abort());
  await shell.navigation("Hosts").click();
  await expect(page.getByText("This part of the page can't be loaded.")).toBeVisible();
  // The rest of the app goes on.
  await shell.navigation("Profile").click();
  await expect(new ProfilePage(page).create).toBeVisible();
  await shell.navigation("Hosts").click();
  await expect(page.getByText("This part of the page can't be loaded.")).toBeVisible();
  await page.unroute(/split_hosts/);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(new HostsPage(page).heading).toBeVisible();
});
