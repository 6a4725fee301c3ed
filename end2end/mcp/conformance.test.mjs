// The conformance suite of the protocol against Uptrakit's MCP endpoint.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Server, run, withToken } from "./server.mjs";

const suite = fileURLToPath(new URL("node_modules/@modelcontextprotocol/conformance/dist/index.js", import.meta.url));
let server;

before(async () => {
  server = await Server.start();
  await server.report("web", 5, 2);
});
after(() => server.stop());

/** The scenarios of the conformance suite that need no tools made for it. docs/mcp-conformance.md has the others. */
const SCENARIOS = {
  "2025-11-25": [
    ...["server-initialize", "ping", "tools-list", "resources-list", "prompts-list"],
    "dns-rebinding-protection",
  ],
  "2026-07-28": [
    ...["server-stateless", "tools-list", "resources-list", "prompts-list", "caching", "http-header-validation"],
    ...["sep-2164-resource-not-found", "dns-rebinding-protection"],
  ],
};

/** Single checks that fail for a reason that stands in docs/mcp-conformance.md. */
const EXPECTED = {
  "server-stateless": [
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-missing-capability-http-400",
    "sep-2575-server-no-log-without-loglevel",
    "sep-2575-server-rejects-undeclared-capability",
  ],
};

async function failures(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith("checks.json"));
  assert.ok(names.length > 0, "the suite checked nothing");
  const found = [];
  for (const name of names) {
    const checks = JSON.parse(await readFile(join(folder, name), "utf8"));
    assert.ok(checks.length > 0, name);
    found.push(...checks.filter((check) => check.status === "FAILURE"));
  }
  return found;
}

describe("conformance", { concurrency: 2 }, () => {
  const all = Object.entries(SCENARIOS).flatMap(([version, names]) => names.map((name) => [version, name]));
  for (const [version, scenario] of all) {
    test(`${version}: ${scenario}`, async () => {
      const proxy = await withToken(server);
      const output = join(server.folder, `${scenario}-${version}`);
      const what = ["--url", proxy.url, "--scenario", scenario, "--spec-version", version, "-o", output];
      await run(process.execPath, [suite, "server", ...what], { cwd: server.folder });
      proxy.close();
      const failed = await failures(output);
      const why = failed.map((check) => `${check.id}: ${check.errorMessage} ${JSON.stringify(check.details)}`);
      assert.deepEqual(failed.map((check) => check.id).sort(), EXPECTED[scenario] ?? [], why.join("\n"));
    });
  }
});
