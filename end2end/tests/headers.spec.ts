// The security headers of every kind of answer, and what the first visit weighs.
import { brotliCompressSync } from "node:zlib";

import { call, mint } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";
import { ProfilePage } from "../pages/profile.ts";

const watched = [
  "cache-control",
  "content-security-policy",
  "content-type",
  "cross-origin-opener-policy",
  "permissions-policy",
  "referrer-policy",
  "strict-transport-security",
  "www-authenticate",
  "x-content-type-options",
  "x-frame-options",
];

test("every kind of answer has its security headers", async ({ server, context }) => {
  await context.request.post(`${server.url}/api/v1/auth/sessions`, {
    data: { login: "ada", password: "violet otters hum at dawn" },
  });
  const token = await mint(context, server, { name: "headers" });
  const page = await fetch(`${server.url}/profile`);
  const script = /(?:src|href)="?(\/[\w./-]+\.js)/.exec(await page.text())?.[1];
  expect(script, "the page names its script").toBeDefined();

  const requests: Record<string, [string, RequestInit?]> = {
    page: ["/profile"],
    "unknown page": ["/no-such-page", { headers: { Accept: "text/html" } }],
    guide: ["/docs/security"],
    "unknown page of the guide": ["/docs/nothing", { headers: { Accept: "text/html" } }],
    script: [script!],
    health: ["/healthz"],
    "api without credentials": ["/api/v1/auth/me"],
    "api with a token": ["/api/v1/auth/me", { headers: { Authorization: `Bearer ${token}` } }],
    "unknown api path": ["/api/v1/nothing"],
    "wrong method": ["/api/v1/auth/me", { method: "PUT" }],
    "server function from another site": [
      "/rpc/sign_out",
      {
        method: "POST",
        headers: { Origin: "https://elsewhere.example", "Content-Type": "application/json" },
        body: "{}",
      },
    ],
  };
  const shown: Record<string, unknown> = {};
  for (const [what, [path, init]] of Object.entries(requests)) {
    const answer = await fetch(`${server.url}${path}`, init);
    const headers = watched
      .map((name) => [name, answer.headers.get(name)] as const)
      .filter(([, value]) => value !== null)
      // Hashes move with every build of the web app.
      .map(([name, value]) => [name, value!.replace(/'sha256-[^']+'( 'sha256-[^']+')*/g, "'sha256-…'")]);
    shown[what] = { status: answer.status, ...Object.fromEntries(headers) };
    expect(answer.headers.get("x-content-type-options"), what).toBe("nosniff");
    expect(answer.headers.get("content-security-policy"), what).not.toMatch(/'unsafe-(inline|eval)'/);
    expect(answer.headers.get("access-control-allow-origin"), what).toBeNull();
  }
  expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchSnapshot("headers.json");
});

test("the first visit to Profile downloads at most 250 KB", async ({ server, context, signedIn: page }) => {
  for (let number = 1; number <= 8; number += 1) await mint(context, server, { name: `pipeline-${number}` });
  const weights: Promise<string>[] = [];
  let total = 0;
  page.on("response", (response) => {
    weights.push(
      (async () => {
        const { responseHeadersSize } = await response.request().sizes();
        const body = await response.body();
        // The body arrives here unpacked; it is packed again as the server's build script packs files. Answers with data,
        // which the server packs less tightly, are a hundredth of the weight.
        const compressed = response.headers()["content-encoding"] === "br" ? brotliCompressSync(body) : body;
        const weight = responseHeadersSize + compressed.length;
        total += weight;
        return `${weight} ${response.url()}`;
      })(),
    );
  });
  await page.goto(`${server.url}/profile`);
  await expect(new ProfilePage(page).create).toBeVisible();
  await page.waitForLoadState("networkidle");
  const list = (await Promise.all(weights)).join("\n");
  expect(total, list).toBeLessThanOrEqual(250_000);
});

test("the signed-in cookie is worth nothing to another site", async ({ server, signedIn: page, context }) => {
  await page.goto(`${server.url}/profile`);
  for (const headers of [
    { Origin: "https://elsewhere.example" },
    { Origin: "null" },
    { Origin: `${server.url}.example` },
  ]) {
    const answer = await context.request.post(`${server.url}/api/v1/auth/api-tokens`, {
      headers,
      data: { name: "stolen" },
    });
    expect(answer.status(), JSON.stringify(headers)).toBe(403);
  }
  const tokens = await call(server, await mint(context, server, { name: "mine" }), "/auth/api-tokens?state=all");
  expect(tokens.body.total).toBe(1);
});
