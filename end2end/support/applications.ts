// What the server says of applications, for the views of it: requests for access, and what is connected.
import type { Page } from "@playwright/test";

/** What a person is asked: `Consent` of the crate `uptrakit-api`. */
export interface Consent {
  application: string;
  client_uri: string | null;
  verified: boolean;
  looks_like_ours: boolean;
  destination: { kind: string; [name: string]: unknown };
  username: string;
  asked: string[];
  offered: string[];
  token_name: string | null;
  lifetime_days: number | null;
}

const unknown: Consent = {
  application: "MCP Inspector",
  client_uri: null,
  verified: false,
  looks_like_ours: false,
  destination: { kind: "this-computer" },
  username: "ada",
  asked: ["hosts:read"],
  offered: [],
  token_name: null,
  lifetime_days: 90,
};

export const fromProgram = unknown;

export const fromWebsite: Consent = {
  ...unknown,
  application: "Claude",
  verified: true,
  destination: { kind: "host", host: "claude.ai" },
  offered: ["hosts:write", "tokens:write"],
};

export const fromApp: Consent = {
  ...unknown,
  application: "Cursor",
  destination: { kind: "program", scheme: "cursor" },
  asked: ["hosts:read", "hosts:write"],
};

export const imitation: Consent = {
  ...unknown,
  application: "Uptrakit Support",
  looks_like_ours: true,
  destination: { kind: "host", host: "uptrakit-support.example" },
  asked: ["hosts:read", "tokens:write"],
};

export const fromDevice: Consent = {
  ...unknown,
  application: "Uptrakit command line",
  verified: true,
  destination: { kind: "device", code: "BCDF-GHJK", address: "10.0.3.7", program: "uptrakit" },
  asked: ["hosts:read", "hosts:report", "hosts:write", "tokens:write"],
  token_name: "cli on web-1",
};

/** Somebody whose account has nothing of what is asked for. */
export const forNothing: Consent = { ...unknown, asked: [], offered: [] };

/** Has a request wait. Answering it sends the browser to `redirect`. What was answered is collected. */
export async function waits(page: Page, consent: Consent, redirect: string | null): Promise<unknown[]> {
  const answers: unknown[] = [];
  await page.route(/\/rpc\/open_consent$/, (route) => route.fulfill({ json: { kind: "ask", consent } }));
  await page.route(/\/rpc\/open_device$/, (route) => route.fulfill({ json: consent }));
  await page.route(/\/rpc\/(approve|deny)_(consent|device)$/, async (route) => {
    const { pathname } = new URL(route.request().url());
    answers.push({ to: pathname, ...(route.request().postDataJSON() as object) });
    await route.fulfill({ json: pathname.endsWith("_consent") ? redirect : null });
  });
  return answers;
}

/** Has requests refused. */
export async function refuses(page: Page, code: string, status: number, detail: string): Promise<void> {
  const problem = { type: `urn:uptrakit:problem:${code}`, title: code, status, detail, code, request_id: "4-2" };
  await page.route(/\/rpc\/open_(consent|device)$/, (route) =>
    route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify(problem) }),
  );
}

const page = (items: unknown[]) => ({ items, page: 1, per_page: 20, total: items.length, total_pages: 1 });

export const connected = [
  {
    id: "01936f6e-2b6c-7d3a-9c41-5e0f8a7b1c2d",
    name: "Claude",
    client_uri: "https://claude.ai",
    redirect_host: "claude.ai",
    permissions: ["hosts:read", "hosts:write"],
    created_at: "2026-03-01T09:00:00.000Z",
    last_used_at: "2026-03-04T09:00:00.000Z",
    last_used_ip: "10.0.3.7",
    verified: true,
  },
  {
    id: "01936f6e-2b6c-7d3a-9c41-5e0f8a7b1c2e",
    name: "an-application-with-a-rather-long-name.internal.example.org",
    client_uri: null,
    redirect_host: "localhost",
    permissions: ["hosts:read"],
    created_at: "2026-03-02T09:00:00.000Z",
    last_used_at: null,
    last_used_ip: null,
    verified: false,
  },
];

const registered = connected.map((grant, index) => ({
  id: grant.id,
  client_id: `client-${index}`,
  name: grant.name,
  client_uri: grant.client_uri,
  redirect_uris: index === 0 ? ["https://claude.ai/api/mcp/auth_callback"] : ["http://127.0.0.1/callback"],
  kind: "dynamic",
  created_at: grant.created_at,
  last_used_at: grant.last_used_at,
  verified: grant.verified,
  grants: index === 0 ? 3 : 0,
}));

/** Has applications connected and registered; what is asked of the server about them is collected. */
export async function haveApplications(tab: Page): Promise<string[]> {
  const asked: string[] = [];
  const [mine, all] = [structuredClone(connected), structuredClone(registered)];
  await tab.route(/\/api\/v1\/(auth\/|users\/[^/]+\/)?applications/, async (route) => {
    const url = new URL(route.request().url());
    const method = route.request().method();
    const list = url.pathname.startsWith("/api/v1/applications") ? all : mine;
    if (method === "GET") return route.fulfill({ json: page(list) });
    asked.push(`${method} ${url.pathname} ${route.request().postData() ?? ""}`.trim());
    const id = url.pathname.split("/").at(-1);
    const index = list.findIndex((one) => one.id === id);
    if (method === "DELETE") {
      list.splice(index, 1);
      const headers = { "Uptrakit-Revoked-At": "2026-03-05T13:03:07.120Z", "Uptrakit-Cut-Off": "2" };
      return route.fulfill({ status: 204, headers });
    }
    const changed = { ...all[index]!, ...(route.request().postDataJSON() as object) };
    all[index] = changed;
    return route.fulfill({ json: changed });
  });
  return asked;
}
