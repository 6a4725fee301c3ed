// One real uptrakit-server with an administrator, a few hosts, and tokens for the clients of others.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PASSWORD = "violet otters hum at dawn";

/** Runs a program to its end and returns what it printed; `input` goes to its standard input. */
export async function run(command, args, { env, input = "", cwd } = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, cwd });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

export class Server {
  static async start() {
    const program = process.env.UPTRAKIT_SERVER_BIN;
    if (!program) throw new Error("UPTRAKIT_SERVER_BIN is not set; run `cargo xtask test mcp`");
    const server = new Server();
    server.folder = await mkdtemp(join(tmpdir(), "uptrakit-mcp-"));
    const env = {
      HOME: server.folder,
      UPTRAKIT_DATA_DIR: join(server.folder, "data"),
      UPTRAKIT_LISTEN: "127.0.0.1:0",
    };
    const person = ["user", "add", "ada", "--email", "ada@example.org", "--role", "administrator", "--password-stdin"];
    const added = await run(program, person, { env, input: `${PASSWORD}\n` });
    if (added.code !== 0) throw new Error(added.stderr);
    server.child = spawn(program, [], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    server.log = "";
    server.child.stderr.on("data", (text) => (server.log += text));
    for await (const line of createInterface({ input: server.child.stdout })) {
      server.url = /^Uptrakit is listening on (http:\/\/\S+)$/.exec(line)?.[1];
      if (server.url) break;
    }
    if (!server.url) throw new Error(`the server did not start:\n${server.log}`);
    server.mcp = `${server.url}/mcp`;
    await server.signIn();
    return server;
  }

  async signIn() {
    const answer = await this.send("POST", "/auth/sessions", { login: "ada", password: PASSWORD });
    this.cookie = answer.headers.get("set-cookie").split(";")[0];
    this.token = await this.newToken({ name: "assistant" });
  }

  async send(method, path, body) {
    const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
    if (this.cookie) headers.cookie = this.cookie;
    const answer = await fetch(`${this.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** Calls a server function as the page does. */
  async call(name, body) {
    const headers = { "content-type": "application/json", cookie: this.cookie, "sec-fetch-site": "same-origin" };
    const answer = await fetch(`${this.url}/rpc/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Allows what a program asks for at this address, as the consent page does, and returns where the answer goes. */
  async allow(address, permissions) {
    const answer = await fetch(address, { redirect: "manual" });
    if (answer.status !== 303) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
    const request = new URL(answer.headers.get("location"), this.url).searchParams.get("request");
    await this.call("open_consent", { request });
    return new URL(await this.call("approve_consent", { request, approval: { permissions } }));
  }

  async newToken(wishes) {
    return (await (await this.send("POST", "/auth/api-tokens", wishes)).json()).token;
  }

  async report(machine_id, pending_updates, security_updates) {
    const about = { os_name: "Debian GNU/Linux", os_version: "12", kernel: "6.1.0", architecture: "x86_64" };
    const state = { machine_id, hostname: machine_id, pending_updates, security_updates, reboot_required: false };
    return (await this.send("POST", "/hosts/report", { ...about, ...state })).json();
  }

  async stop() {
    const ended = once(this.child, "close");
    this.child.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true });
  }
}

/**
 * Forwards requests to the server with its token, for a suite that can't send one itself. `Host` and `Origin` stay as the
 * suite sent them, unless they name this proxy.
 */
export async function withToken(server) {
  const target = new URL(server.url);
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${server.token}` };
    const own = `127.0.0.1:${proxy.address().port}`;
    if (headers.host === own) headers.host = target.host;
    if (headers.origin === `http://${own}`) headers.origin = target.origin;
    const options = { host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers };
    const forwarded = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return { url: `http://127.0.0.1:${proxy.address().port}/mcp`, close: () => proxy.close() };
}
