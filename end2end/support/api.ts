// The JSON API as a program uses it: a bearer token and nothing else.
import { type BrowserContext, expect } from "@playwright/test";

import type { Server } from "./server.ts";

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export async function call(
  server: Server,
  token: string | undefined,
  path: string,
  init: { method?: string; json?: unknown } = {},
): Promise<Answer> {
  const headers = new Headers();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (init.json !== undefined) headers.set("Content-Type", "application/json");
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method: init.method ?? "GET",
    headers,
    body: init.json === undefined ? undefined : JSON.stringify(init.json),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : {} };
}

/** Makes a token with the browser's own session, past the page, and answers its secret. */
export async function mint(context: BrowserContext, server: Server, fields: Record<string, unknown>): Promise<string> {
  const answer = await context.request.post(`${server.url}/api/v1/auth/api-tokens`, {
    headers: { Origin: server.url },
    data: fields,
  });
  if (answer.status() !== 201) throw new Error(`${answer.status()}: ${await answer.text()}`);
  return ((await answer.json()) as { token: string }).token;
}

/** Waits for what is written in the background, such as a last use: asks with the browser's own session until it is there. */
export async function becomes(
  context: BrowserContext,
  server: Server,
  path: string,
  holds: (items: Record<string, unknown>[]) => boolean,
): Promise<void> {
  const ask = async () => {
    const answer = await context.request.get(`${server.url}/api/v1${path}`, { headers: { Origin: server.url } });
    return holds(((await answer.json()) as { items: Record<string, unknown>[] }).items);
  };
  await expect.poll(ask, { timeout: 60_000 }).toBe(true);
}

/** Waits until the use of a token is written. */
export async function used(context: BrowserContext, server: Server, name: string): Promise<void> {
  await becomes(context, server, "/auth/api-tokens", (items) =>
    items.some((token) => token.name === name && token.last_used_ip !== null),
  );
}

/** What a machine says of itself, with a name that tells hosts apart. */
export function report(hostname: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    machine_id: `machine-of-${hostname}`,
    hostname,
    os_name: "Debian GNU/Linux",
    os_version: "13",
    kernel: "6.12.0",
    architecture: "x86_64",
    pending_updates: 4,
    security_updates: 1,
    reboot_required: false,
    ...changes,
  };
}
