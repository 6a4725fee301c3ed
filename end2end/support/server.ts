// One real uptrakit-server with a database of its own, on a port that the system chooses.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A program that `cargo xtask e2e` has built and named in the environment. */
export function binary(variable: "UPTRAKIT_SERVER_BIN" | "UPTRAKIT_BIN"): string {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set; run the tests with \`cargo xtask e2e\``);
  return path;
}

/** An account to sign in with. */
export interface Person {
  username: string;
  email: string;
  password: string;
}

export const ada: Person = {
  username: "ada",
  email: "ada@example.org",
  password: "violet otters hum at dawn",
};

export class Server {
  /** Everything the server said, for the report of a test that fails. */
  log = "";
  url = "";
  private process: ChildProcess | undefined;
  private lines: string[] = [];

  private constructor(
    readonly folder: string,
    private readonly settings: Record<string, string>,
  ) {}

  /** Makes an empty data folder; the server is not started yet. */
  static async create(settings: Record<string, string> = {}): Promise<Server> {
    return new Server(await mkdtemp(join(tmpdir(), "uptrakit-e2e-")), settings);
  }

  private environment(listen: string): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.folder,
      UPTRAKIT_DATA_DIR: join(this.folder, "data"),
      UPTRAKIT_LISTEN: listen,
      ...this.settings,
    };
  }

  /** Makes an account from the server's own terminal. */
  async addPerson(person: Person, role = "administrator"): Promise<void> {
    const who = [person.username, "--email", person.email, "--role", role, "--password-stdin"];
    await this.run(["user", "add", ...who], `${person.password}\n`);
  }

  /** Runs a command at the server's own terminal. */
  async run(command: string[], input = ""): Promise<void> {
    const child = spawn(binary("UPTRAKIT_SERVER_BIN"), command, { env: this.environment("127.0.0.1:0") });
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    child.stderr.on("data", (text) => (said += text));
    child.stdin.end(input);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${command.join(" ")} failed with ${code}: ${said}`);
  }

  async start(listen = "127.0.0.1:0"): Promise<void> {
    const child = spawn(binary("UPTRAKIT_SERVER_BIN"), [], {
      env: this.environment(listen),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    this.lines = [];
    child.stderr.on("data", (text) => (this.log += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.log += `${line}\n`;
    });
    this.url = await this.said(/^Uptrakit is listening on (http:\/\/\S+)$/);
  }

  /** The first-run link, which the server prints while no account exists. */
  setupLink(): Promise<string> {
    return this.said(/^Create the first account: (http:\/\/\S+)$/);
  }

  private async said(pattern: RegExp): Promise<string> {
    for (let waited = 0; waited < 30_000; waited += 20) {
      const match = this.lines.map((line) => pattern.exec(line)).find((found) => found !== null);
      if (match?.[1]) return match[1];
      if (this.process?.exitCode !== null) throw new Error(`the server ended:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the server never printed ${pattern}:\n${this.log}`);
  }

  /** Stops it the way a service manager does. */
  async stop(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  }

  /** Stops it and starts it again at the same address. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start(new URL(this.url).host);
  }

  /** Puts the database back as it is now, as after a loss: what worked must be confirmed, and everybody signs in again. */
  async backUpAndRestore(): Promise<void> {
    const backup = join(this.folder, "backup.db");
    await this.run(["backup", backup]);
    await this.stop();
    await this.run(["restore", backup]);
    await this.start(new URL(this.url).host);
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
