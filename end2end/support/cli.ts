// The real command line, in an environment that has nothing of the person who runs the tests.
import { spawn } from "node:child_process";
import { once } from "node:events";

import { type Server, binary } from "./server.ts";

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

export async function uptrakit(server: Server, token: string, ...command: string[]): Promise<Run> {
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
