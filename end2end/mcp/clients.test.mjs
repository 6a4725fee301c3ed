// The clients of others against Uptrakit's MCP endpoint: the official TypeScript client of both generations, Inspector's
// command line, and mcp-remote.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { Server, run } from "./server.mjs";

const about = { name: "tests", version: "1" };
const modules = fileURLToPath(new URL("node_modules", import.meta.url));
let server;

before(async () => {
  server = await Server.start();
  await server.report("web", 5, 2);
  await server.report("nas", 9, 0);
});
after(() => server.stop());

const authorization = (token = server.token) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } });

/** Uses every part of the server as an assistant would; the client checks results against the tools' schemas. */
async function useEverything(client) {
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map((tool) => tool.name),
    [
      ...["whoami", "list_hosts", "get_host", "rename_host", "delete_host"],
      ...["list_api_tokens", "revoke_api_token", "list_activity"],
    ],
  );
  const call = async (name, args = {}) => {
    const result = await client.callTool({ name, arguments: args });
    assert.equal(result.isError ?? false, false, JSON.stringify(result));
    assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
    return result.structuredContent;
  };
  assert.equal((await call("whoami")).username, "ada");
  const needing = await call("list_hosts", { needs: "security_updates" });
  assert.deepEqual(
    needing.items.map((host) => host.hostname),
    ["web"],
  );
  assert.equal((await call("get_host", { host: "nas" })).host.pending_updates, 9);
  assert.equal((await call("rename_host", { host: "nas", friendly_name: "Attic" })).host.friendly_name, "Attic");
  await server.report("old", null, null);
  assert.equal((await call("delete_host", { host: "old" })).deleted.hostname, "old");
  assert.ok((await call("list_api_tokens", { state: "all" })).items.length >= 1);
  const secret = await server.newToken({ name: "to be revoked" });
  assert.ok((await call("revoke_api_token", { token: "to be revoked" })).revoked_at);
  assert.ok(!JSON.stringify(await call("list_api_tokens", { state: "all" })).includes(secret));
  assert.ok((await call("list_activity", { everybody: true, per_page: 2 })).items.length === 2);
  const wrong = await client.callTool({ name: "get_host", arguments: { host: "none" } });
  assert.equal(wrong.isError, true);
  const { resources } = await client.listResources();
  const read = await client.readResource({ uri: resources[0].uri });
  assert.equal(JSON.parse(read.contents[0].text).items.length, 2);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.equal(resourceTemplates[0].uriTemplate, "uptrakit://hosts/{id}");
  const { prompts } = await client.listPrompts();
  const prompt = await client.getPrompt({ name: prompts[0].name, arguments: { wishes: "nas last" } });
  assert.ok(prompt.messages[0].content.text.endsWith("nas last"));
}

test("the first generation of the official client uses everything", async () => {
  const client = new Client(about);
  await client.connect(new StreamableHTTPClientTransport(new URL(server.mcp), authorization()));
  await useEverything(client).finally(() => client.close());
});

for (const mode of ["legacy", "auto", "modern"]) {
  test(`the second generation of the official client uses everything (${mode})`, async () => {
    const negotiation = mode === "modern" ? { pin: "2026-07-28" } : mode;
    const client = new Client2(about, { versionNegotiation: { mode: negotiation } });
    await client.connect(new Transport2(new URL(server.mcp), authorization()));
    assert.equal(client.getProtocolEra(), mode === "legacy" ? "legacy" : "modern");
    await useEverything(client).finally(() => client.close());
  });
}

test("the official client is told what a connection was not given", async () => {
  const token = await server.newToken({ name: "reader", permissions: ["hosts:read"] });
  const client = new Client2(about);
  await client.connect(new Transport2(new URL(server.mcp), authorization(token)));
  await assert.rejects(client.callTool({ name: "delete_host", arguments: { host: "web" } }), (error) => {
    assert.match(`${error.name} ${error.message}`, /InsufficientScope|scope|403/i);
    return true;
  });
  await client.close();
});

async function inspect(...args) {
  const inspector = join(modules, ".bin/mcp-inspector");
  const connection = ["--transport", "http", "--server-url", server.mcp];
  const header = ["--header", `Authorization: Bearer ${server.token}`];
  const outcome = await run(process.execPath, [inspector, "--cli", ...connection, ...header, ...args], {
    env: { HOME: server.folder },
  });
  assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr);
  return JSON.parse(outcome.stdout);
}

test("Inspector's command line lists tools whose schemas every client can read, and calls one", async () => {
  assert.equal((await inspect("--method", "tools/list", "--strict")).tools.length, 8);
  const result = await inspect("--method", "tools/call", "--tool-name", "get_host", "--tool-arg", "host=web");
  assert.equal((result.result ?? result).structuredContent.host.security_updates, 2);
  assert.equal((await inspect("--method", "resources/list")).resources.length, 1);
  assert.equal((await inspect("--method", "prompts/list")).prompts.length, 1);
});

test("a program that speaks over standard input connects by mcp-remote with a token", async () => {
  const client = new Client(about);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      join(modules, ".bin/mcp-remote"),
      server.mcp,
      "--header",
      "Authorization:${AUTH}",
      "--transport",
      "http-only",
    ],
    env: { ...process.env, AUTH: `Bearer ${server.token}`, MCP_REMOTE_CONFIG_DIR: join(server.folder, "remote") },
    stderr: "ignore",
  });
  await client.connect(transport);
  await useEverything(client).finally(() => client.close());
});
