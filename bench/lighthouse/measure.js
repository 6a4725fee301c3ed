// Measures how many bytes a page loads and how Lighthouse scores it with its mobile preset. The server has a database
// of its own, and the result is the median of three runs. Prints a table and fails when an aim is missed.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const aims = { performance: 95, accessibility: 100, "best-practices": 100 };
const pages = [
  { path: "/setup", signedIn: false, isEmpty: true },
  { path: "/login", signedIn: false },
  { path: "/profile", signedIn: true },
  { path: "/hosts", signedIn: true },
  { path: "/users", signedIn: true },
  { path: "/device", signedIn: true },
  { path: "/oauth/consent", signedIn: true, query: asks },
];
const password = "violet otters hum at dawn";
const runs = 3;

const folder = await mkdtemp(join(tmpdir(), "uptrakit-page-"));

/** What a server finds around it, whose data are in a folder of this name. */
const around = (data) => ({
  PATH: process.env.PATH,
  HOME: folder,
  UPTRAKIT_DATA_DIR: join(folder, data),
  UPTRAKIT_LISTEN: "127.0.0.1:0",
});
const env = around("data");

/** Adds a user who can sign in, with the server's own command. */
async function addPerson() {
  const words = ["user", "add", "ada", "--email", "ada@example.org", "--role", "administrator", "--password-stdin"];
  const child = spawn(process.env.UPTRAKIT_SERVER_BIN, words, { env, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(`${password}\n`);
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`user add failed with ${code}`);
}

/** Starts a server and returns its process, and the address that it prints behind these words. */
async function start(env, words) {
  const child = spawn(process.env.UPTRAKIT_SERVER_BIN, [], { env, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const address = line.startsWith(words) && /http:\S+$/.exec(line)?.[0];
    if (address) return { child, address };
  }
  throw new Error("the server ended");
}

async function stop(child) {
  child.kill("SIGTERM");
  await new Promise((resolve) => child.on("close", resolve));
}

/** Has an application ask for access, and returns the query of the page that asks the person. */
async function asks(address) {
  const redirect = "https://assistant.example.org/callback";
  const registered = await fetch(`${address}/oauth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ client_name: "Assistant", redirect_uris: [redirect] }),
  });
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: (await registered.json()).client_id,
    redirect_uri: redirect,
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    state: "x",
  });
  const answer = await fetch(`${address}/oauth/authorize?${asked}`, { redirect: "manual" });
  return new URL(answer.headers.get("location"), address).search;
}

/** Signs in, creates tokens and hosts for the pages to show, and returns the cookie. */
async function furnish(address) {
  const post = async (path, body, headers) => {
    const answer = await fetch(`${address}/api/v1${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: address, ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const session = await post("/auth/sessions", { login: "ada", password });
  const Cookie = session.headers.get("set-cookie").split(";")[0];
  for (let number = 1; number <= 8; number += 1) {
    await post("/auth/api-tokens", { name: `pipeline-${number}` }, { Cookie });
    await post(
      "/hosts/report",
      {
        machine_id: `machine-${number}`,
        hostname: `web-${number}`,
        os_name: "Debian GNU/Linux",
        os_version: "13",
        kernel: "6.12.0",
        architecture: "x86_64",
        pending_updates: number,
        security_updates: number % 3,
        reboot_required: number % 2 === 0,
      },
      { Cookie },
    );
  }
  return Cookie;
}

/** Loads a page once with an empty cache. */
async function visit(url, Cookie) {
  const flags = ["--headless=new", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  const browser = await launch({ chromePath: process.env.UPTRAKIT_CHROMIUM, chromeFlags: flags });
  try {
    const { lhr } = await lighthouse(url, {
      port: browser.port,
      logLevel: "error",
      onlyCategories: Object.keys(aims),
      extraHeaders: Cookie ? { Cookie } : undefined,
    });
    const bytes = lhr.audits["network-requests"].details.items.reduce((sum, { transferSize }) => sum + transferSize, 0);
    const scores = Object.keys(aims).map((name) => Math.round(lhr.categories[name].score * 100));
    const missed = Object.keys(aims).flatMap((name) =>
      lhr.categories[name].auditRefs
        .map(({ id }) => lhr.audits[id])
        .filter(({ score }) => score !== null && score < 0.9),
    );
    return { bytes, scores, missed, ended: lhr.finalDisplayedUrl };
  } finally {
    await browser.kill();
  }
}

/** Measures a page and prints its line. Returns true when an aim is missed. */
async function measure(path, url, Cookie) {
  const visits = [];
  for (let run = 0; run < runs; run += 1) visits.push(await visit(url, Cookie));
  const { bytes, scores, missed, ended } = visits.sort((a, b) => a.scores[0] - b.scores[0])[Math.floor(runs / 2)];
  if (new URL(ended).pathname !== path) throw new Error(`${path} led to ${ended}`);
  console.log(`| \`${path}\` | ${bytes} | ${scores.join(" | ")} |`);
  const isMissed = scores.some((score, index) => score < Object.values(aims)[index]);
  if (isMissed)
    for (const { id, title, displayValue } of missed) console.error(`  ${id}: ${title} ${displayValue ?? ""}`);
  return isMissed;
}

let failed = false;
try {
  console.log("| page | bytes | performance | accessibility | best practices |\n|---|---|---|---|---|");
  const empty = await start(around("empty"), "Create the first account:");
  try {
    for (const { path } of pages.filter(({ isEmpty }) => isEmpty)) {
      failed = (await measure(path, empty.address)) || failed;
    }
  } finally {
    await stop(empty.child);
  }
  await addPerson();
  const { child, address } = await start(env, "Uptrakit is listening on");
  try {
    const Cookie = await furnish(address);
    for (const { path, signedIn, query } of pages.filter(({ isEmpty }) => !isEmpty)) {
      const url = address + path + ((await query?.(address)) ?? "");
      failed = (await measure(path, url, signedIn ? Cookie : undefined)) || failed;
    }
  } finally {
    await stop(child);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (failed) {
  console.error(
    `the aims are ${Object.entries(aims)
      .map(([name, aim]) => `${name} ${aim}`)
      .join(", ")}`,
  );
  process.exit(1);
}
