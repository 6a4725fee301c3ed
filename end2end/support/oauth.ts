// Applications that are connected by real requests: a registration, the address that they send the browser to, listeners
// for its answer, and the exchange of a code.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type RequestListener, type Server as HttpServer, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { expect } from "@playwright/test";

import type { Server } from "./server.ts";

export class Application {
  private readonly verifier = randomBytes(32).toString("base64url");

  private constructor(
    private readonly server: Server,
    readonly id: string,
    private readonly redirectUri: string,
  ) {}

  /** Registers an application. It asks with `redirectUri`, which may have another port where that is allowed. */
  static async register(
    server: Server,
    name: string,
    registered: string,
    redirectUri = registered,
  ): Promise<Application> {
    const answer = await fetch(`${server.url}/oauth/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ client_name: name, redirect_uris: [registered] }),
    });
    expect(answer.status).toBe(201);
    const { client_id } = (await answer.json()) as { client_id: string };
    return new Application(server, client_id, redirectUri);
  }

  /** The address that the application sends the browser to. */
  asks(scope: string, state = "byte&exact"): string {
    const asked = new URLSearchParams({
      response_type: "code",
      client_id: this.id,
      redirect_uri: this.redirectUri,
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      scope,
      state,
    });
    return `${this.server.url}/oauth/authorize?${asked}`;
  }

  request(fields: Record<string, string>): Promise<Response> {
    const body = new URLSearchParams({ client_id: this.id, ...fields });
    return fetch(`${this.server.url}/oauth/token`, { method: "POST", body });
  }

  /** Exchanges the code of an answer, whose state and issuer must be right. */
  async exchange(answer: URLSearchParams): Promise<Record<string, string>> {
    expect(answer.get("state")).toBe("byte&exact");
    expect(answer.get("iss")).toBe(this.server.url);
    const given = await this.request({
      grant_type: "authorization_code",
      code: answer.get("code")!,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
    });
    expect(given.status).toBe(200);
    return (await given.json()) as Record<string, string>;
  }
}

/** A certificate that a website's listener shows, and its key. */
interface Identity {
  name: string;
  key: Buffer;
  cert: Buffer;
}

/** Has openssl sign a certificate with its own key; the files are left in the folder. */
async function selfSigned(name: string, folder: string): Promise<Identity> {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"];
  const about = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  const openssl = spawn("openssl", ["req", ...kind, ...about, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const [code] = await once(openssl, "close");
  if (code !== 0) throw new Error(`openssl failed with ${code}`);
  return { name, key: await readFile(key), cert: await readFile(cert) };
}

/** A program on this computer, or a website, that waits for the browser to come back. */
export class Listener {
  /** Parameters of the answers that came. */
  readonly answers: URLSearchParams[] = [];
  private readonly listener: HttpServer;

  private constructor(private readonly identity?: Identity) {
    const answer: RequestListener = (request, response) => {
      const { pathname, searchParams } = new URL(request.url!, "http://localhost");
      if (pathname === "/callback") this.answers.push(searchParams);
      response.setHeader("Content-Type", "text/html").end('<link rel="icon" href="data:,"><p>Connected');
    };
    this.listener = identity ? createTlsServer(identity, answer) : createServer(answer);
  }

  /** A program that listens on a free port of this computer. */
  static program(): Promise<Listener> {
    return new Listener().start();
  }

  /** A website with a name of its own, which browsers look for on this computer (RFC 6761, section 6.3). */
  static async website(folder: string): Promise<Listener> {
    return new Listener(await selfSigned("assistant.localhost", folder)).start();
  }

  private async start(): Promise<Listener> {
    this.listener.listen(0, "127.0.0.1");
    await once(this.listener, "listening");
    return this;
  }

  get host(): string {
    const { port } = this.listener.address() as AddressInfo;
    return `${this.identity?.name ?? "127.0.0.1"}:${port}`;
  }

  get callback(): string {
    return `${this.identity ? "https" : "http"}://${this.host}/callback`;
  }

  /** What the browser's requests to it look like to those who watch the page. */
  get requests(): RegExp {
    return new RegExp(`request to another site: ${new URL(this.callback).origin}/`);
  }

  stop(): void {
    this.listener.close();
    this.listener.closeAllConnections();
  }
}
