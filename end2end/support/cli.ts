// The real command line, in an environment that has nothing of the person who runs the tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type Server, binary } from "./server.ts";

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end; without a token it uses the one that is saved. */
export async function uptrakit(server: Server, token: string | undefined, ...command: string[]): Promise<Run> {
  const child = spawn(binary("UPTRAKIT_BIN"), command, {
    env: { PATH: process.env.PATH, HOME: server.folder, UPTRAKIT_SERVER: server.url, UPTRAKIT_TOKEN: token },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const run: Run = { code: -1, stdout: "", stderr: "" };
  child.stdout.on("data", (text) => (run.stdout += text));
  child.stderr.on("data", (text) => (run.stderr += text));
  [run.code] = await once(child, "close");
  return run;
}

/** A command line that was started at a terminal, in an environment whose browser only notes what it is to open. */
export class AtTerminal {
  private constructor(
    private readonly opened: string,
    /** What it printed, once it has ended. */
    readonly ended: Promise<Run>,
  ) {}

  static async start(server: Server, ...command: string[]): Promise<AtTerminal> {
    const [browser, opened] = [join(server.folder, "browser"), join(server.folder, "opened")];
    await writeFile(browser, `#!/bin/sh\nprintf %s "$1" > "${opened}.part" && mv "${opened}.part" "${opened}"\n`);
    await chmod(browser, 0o755);
    // script(1) is the terminal; on macOS it takes its arguments in another form.
    const words = [binary("UPTRAKIT_BIN"), ...command];
    const of = process.platform === "darwin" ? ["/dev/null", ...words] : ["-ec", words.join(" "), "/dev/null"];
    const child = spawn("script", ["-q", ...of], {
      env: { PATH: process.env.PATH, HOME: server.folder, UPTRAKIT_SERVER: server.url, BROWSER: browser },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const run: Run = { code: -1, stdout: "", stderr: "" };
    child.stdout.on("data", (text) => (run.stdout += text));
    child.stderr.on("data", (text) => (run.stderr += text));
    const ended = once(child, "close").then(([code]) => ({ ...run, code }));
    return new AtTerminal(opened, ended);
  }

  /** Waits for the address that it opens in the browser. */
  async opens(): Promise<string> {
    for (let waited = 0; waited < 30_000; waited += 20) {
      const address = await readFile(this.opened, "utf8").catch(() => undefined);
      if (address) return address;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("no address was opened");
  }
}
