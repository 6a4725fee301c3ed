// The list of machines: empty, live, searched, sorted.
import { call, mint, report } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { HostsPage } from "../pages/hosts.ts";

test("the empty list says how to fill it, and fills itself", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  const hosts = new HostsPage(page);
  await page.goto(`${server.url}/hosts`);
  await expect(hosts.heading).toBeVisible();
  await expect(page.getByText(/uptrakit .*hosts report/).first()).toBeVisible();
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-1", { security_updates: 3 }) });
  await expect(hosts.named("web-1").first()).toBeVisible();

  await call(server, token, "/hosts/report", { method: "POST", json: report("web-2") });
  await expect(hosts.named("web-2").first()).toBeVisible();
});

test("search and sort are in the address and survive a reload", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  for (const [name, updates] of [["alpha", 1], ["beta", 9], ["gamma", 5]] as const) {
    await call(server, token, "/hosts/report", { method: "POST", json: report(name, { pending_updates: updates }) });
  }
  const hosts = new HostsPage(page);
  await page.goto(`${server.url}/hosts?sort=-pending_updates`);
  await expect(hosts.named("alpha").first()).toBeVisible();
  const order = async () => (await page.getByRole("main").innerText()).match(/alpha|beta|gamma/g);
  expect([...new Set(await order())]).toEqual(["beta", "gamma", "alpha"]);

  await hosts.search.fill("amm");
  await expect(hosts.named("beta")).toHaveCount(0);
  await expect(hosts.named("gamma").first()).toBeVisible();
  await expect(page).toHaveURL(/[?&]q=amm/);
  await page.reload();
  await expect(hosts.search).toHaveValue("amm");
  await expect(hosts.named("gamma").first()).toBeVisible();
  await expect(hosts.named("beta")).toHaveCount(0);
});

test("the way to Hosts and the way back show what the address says", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  for (const name of ["alpha", "beta"]) {
    await call(server, token, "/hosts/report", { method: "POST", json: report(name) });
  }
  const hosts = new HostsPage(page);
  await page.goto(`${server.url}/hosts?q=alpha`);
  await expect(hosts.named("alpha").first()).toBeVisible();
  await page.getByRole("navigation").getByRole("link", { name: "Hosts", exact: true }).click();
  await expect(hosts.named("beta").first()).toBeVisible();
  await expect(hosts.search).toHaveValue("");
  await page.goBack();
  await expect(hosts.search).toHaveValue("alpha");
  await expect(hosts.named("alpha").first()).toBeVisible();
  await expect(hosts.named("beta")).toHaveCount(0);
});

test("a hostile name is text and nothing else", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  const hostile = '<img src=x onerror="alert(1)"></script>';
  const answer = await call(server, token, "/hosts/report", { method: "POST", json: report(hostile) });
  expect([201, 422]).toContain(answer.status);
  await page.goto(`${server.url}/hosts`);
  await expect(new HostsPage(page).heading).toBeVisible();
  if (answer.status === 201) await expect(page.getByText(hostile).first()).toBeVisible();
  expect(await page.locator("main img").count()).toBe(0);
});
