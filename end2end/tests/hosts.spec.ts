// The list of machines: empty, live, searched, sorted, and held back by something on the way.
import { once } from "node:events";
import { type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";

import { call, mint, report } from "../support/api.ts";
import { installClock } from "../support/clock.ts";
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
  for (const [name, updates] of [
    ["alpha", 1],
    ["beta", 9],
    ["gamma", 5],
  ] as const) {
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

const heldBack = "Live updates aren't getting through. The list is asked for every 30 seconds.";

test("a stream that is swallowed is noticed, and the list is asked for until events come through", async ({
  server,
  context,
  signedIn: page,
}) => {
  const token = await mint(context, server, { name: "reporter" });
  const hosts = new HostsPage(page);
  const message = page.getByText(heldBack);
  await installClock(page);
  await page.route("**/api/v1/hosts/events", () => {});
  await page.goto(`${server.url}/hosts`);
  await expect(hosts.heading).toBeVisible();
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-1") });
  await page.clock.runFor(5_000);
  await expect(message).toHaveCount(0);

  await page.clock.runFor(10_000);
  await expect(message).toBeVisible();
  await expect(hosts.named("web-1").first()).toBeVisible();
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-2") });
  await page.clock.runFor(31_000);
  await expect(hosts.named("web-2").first()).toBeVisible();
  await expect(message).toBeVisible();

  await page.unroute("**/api/v1/hosts/events");
  await page.clock.runFor(31_000);
  await expect(message).toHaveCount(0);
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-3") });
  await expect(hosts.named("web-3").first()).toBeVisible();
});

test("a stream of which nothing but the head arrives is noticed", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  const open: ServerResponse[] = [];
  const proxy = createServer((_, answer) => {
    open.push(answer.writeHead(200, { "Content-Type": "text/event-stream" }));
    answer.flushHeaders();
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`;
  await installClock(page);
  await page.route("**/api/v1/hosts/events", (route) => route.continue({ url }));
  let lists = 0;
  page.on("response", (answer) => (lists += new URL(answer.url()).pathname === "/api/v1/hosts" ? 1 : 0));
  await page.goto(`${server.url}/hosts`);
  await expect(new HostsPage(page).heading).toBeVisible();
  // The page has got the head when it asks for the list anew.
  await expect.poll(() => lists).toBe(2);
  expect(open.length).toBe(1);
  await call(server, token, "/hosts/report", { method: "POST", json: report("web-1") });
  await page.clock.runFor(25_000);
  await expect(page.getByText(heldBack)).toHaveCount(0);
  await page.clock.runFor(15_000);
  await expect(page.getByText(heldBack)).toBeVisible();
  await expect(new HostsPage(page).named("web-1").first()).toBeVisible();

  // What it held back comes at last.
  await expect.poll(() => open.length).toBe(2);
  open.at(-1)!.write("event: ping\ndata: {}\n\n");
  await expect(page.getByText(heldBack)).toHaveCount(0);
  await page.close();
  proxy.closeAllConnections();
  proxy.close();
});

test("a stream with nothing to tell stays as it is", async ({ server, signedIn: page }) => {
  let opened = 0;
  page.on("request", (request) => (opened += request.url().endsWith("/hosts/events") ? 1 : 0));
  await page.goto(`${server.url}/hosts`);
  await expect(new HostsPage(page).heading).toBeVisible();
  await expect.poll(() => opened).toBe(1);
  // Longer than the page would wait for an event, in the server's own time.
  await page.waitForTimeout(40_000);
  await expect(page.getByText(heldBack)).toHaveCount(0);
  expect(opened).toBe(1);
});

test("a host that two machines report as says so, and what to do", async ({ server, context, signedIn: page }) => {
  const token = await mint(context, server, { name: "reporter" });
  const clone = (hostname: string) =>
    call(server, token, "/hosts/report", { method: "POST", json: report(hostname, { machine_id: "of-an-image" }) });
  await call(server, token, "/hosts/report", { method: "POST", json: report("alone") });
  for (const hostname of ["web-1", "web-2", "web-1"]) await clone(hostname);
  await page.goto(`${server.url}/hosts`);
  const rows = page.getByTestId("host-row");
  const shared = rows.filter({ hasText: "web-" });
  await expect(shared).toHaveCount(1);
  await expect(shared).toContainText("shared machine id Two machines report as this host, noticed just now.");
  await expect(rows.filter({ hasText: "alone" })).not.toContainText("machine id");
  await shared.getByRole("link", { name: "Give one an id of its own" }).click();
  await expect(page.getByRole("heading", { name: "Machines that share a machine id" })).toBeInViewport();
});
