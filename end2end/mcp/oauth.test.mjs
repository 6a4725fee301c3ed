// The official TypeScript client, in both generations, and mcp-remote connect as applications: they register themselves,
// a person allows them, and they ask for more when a tool needs more. The person's answers are sent as the consent page
// sends them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { Server } from "./server.mjs";

const about = { name: "tests", version: "1" };
let server;

before(async () => {
  server = await Server.start();
  await server.report("web", 5, 2);
});
after(() => server.stop());

/** What a client keeps of its connection, and the person in front of it. */
class Program {
  redirectUrl = "http://127.0.0.1:7777/callback";
  clientMetadata = {
    client_name: "Test client",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  /** The permissions that the person ticks. */
  allows = ["hosts:read"];
  asked = [];

  clientInformation = () => this.information;
  saveClientInformation = (information) => (this.information = information);
  tokens = () => this.saved;
  saveTokens = (tokens) => (this.saved = tokens);
  saveCodeVerifier = (verifier) => (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  invalidateCredentials = (what) => {
    if (what === "all" || what === "tokens") this.saved = undefined;
    if (what === "all" || what === "client") this.information = undefined;
  };

  async redirectToAuthorization(url) {
    this.asked.push(url.searchParams.get("scope"));
    this.callback = (await server.allow(url, this.allows)).searchParams;
    assert.equal(this.callback.get("iss"), server.url);
  }
}

const generations = {
  1: {
    client: () => new Client(about),
    transport: (authProvider) => new StreamableHTTPClientTransport(new URL(server.mcp), { authProvider }),
    finish: (transport, callback) => transport.finishAuth(callback.get("code")),
    // It refreshes its token instead, which can't give it more (docs/mcp-conformance.md).
    asksForMore: false,
  },
  2: {
    client: () => new Client2(about, { versionNegotiation: { mode: "auto" } }),
    transport: (authProvider) => new Transport2(new URL(server.mcp), { authProvider }),
    finish: (transport, callback) => transport.finishAuth(callback),
    asksForMore: true,
  },
};

for (const [generation, how] of Object.entries(generations)) {
  const { client: newClient, transport: newTransport, finish, asksForMore } = how;
  test(`the official client of generation ${generation} connects, asks for more, and is disconnected`, async () => {
    const program = new Program();
    const first = newTransport(program);
    await assert.rejects(newClient().connect(first));
    assert.deepEqual(program.asked, ["hosts:read"], "it asks for the least, which the challenge names");
    await finish(first, program.callback);

    const transport = newTransport(program);
    const client = newClient();
    await client.connect(transport);
    const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent;
    assert.equal((await call("list_hosts", { needs: "security_updates" })).total, 1);
    const me = await call("whoami", {});
    assert.deepEqual([me.application, me.permissions], ["Test client", ["hosts:read"]]);

    program.allows = ["hosts:read", "hosts:write"];
    await assert.rejects(call("rename_host", { host: "web", friendly_name: "Shop" }));
    if (asksForMore) {
      assert.match(program.asked.at(-1), /hosts:write/);
      await finish(transport, program.callback);
      assert.equal((await call("rename_host", { host: "web", friendly_name: "Shop" })).host.friendly_name, "Shop");
    }

    const { items } = await (await server.send("GET", "/auth/applications")).json();
    for (const { id } of items) await server.send("DELETE", `/auth/applications/${id}`);
    const asked = program.asked.length;
    await assert.rejects(call("list_hosts", {}));
    assert.equal(program.asked.length, asked + 1, "a client that was disconnected asks the person again");
    await client.close();
  });
}

/** Visits an address as soon as a program listens there: mcp-remote prints it a moment earlier. */
async function visit(address) {
  for (let waited = 0; ; waited += 50) {
    const answer = await fetch(address).catch((error) => error);
    if (answer instanceof Response) return answer;
    if (waited > 10_000) throw answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a program that speaks over standard input connects by mcp-remote in the browser", async () => {
  const remote = fileURLToPath(new URL("node_modules/.bin/mcp-remote", import.meta.url));
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [remote, server.mcp, "--transport", "http-only"],
    // The browser does nothing: the test visits the address that mcp-remote prints.
    env: { ...process.env, BROWSER: "true", MCP_REMOTE_CONFIG_DIR: join(server.folder, "remote") },
    stderr: "pipe",
  });
  const address = new Promise((resolve) => {
    let said = "";
    transport.stderr.on("data", (text) => {
      said += text;
      const found = /https?:\/\/\S+\/oauth\/authorize\?\S+(?=\s)/.exec(said);
      if (found) resolve(found[0]);
    });
  });
  const client = new Client(about);
  const connected = client.connect(transport);
  const callback = await server.allow(await address, ["hosts:read"]);
  assert.equal((await visit(callback)).status, 200);
  await connected;
  const hosts = await client.callTool({ name: "list_hosts", arguments: {} });
  assert.equal(hosts.structuredContent.total, 1);
  await client.close();
});
