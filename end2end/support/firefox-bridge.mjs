#!/usr/bin/env node
// The machine's Firefox as Playwright expects it. For every context Playwright sends a command that Firefox 153 does not know
// yet, can't be told to leave it out, and opens no page without its success. This program starts the Firefox that
// UPTRAKIT_FIREFOX names, hands on every message of WebDriver BiDi in both directions, and answers that command itself. So
// `page.emulateMedia` does nothing there.
// When Firefox knows it, this file can go: name Firefox itself in playwright.config.ts.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { WebSocket, WebSocketServer } from "ws";

const unknown = "emulation.setMediaFeaturesOverride";
const announcement = /WebDriver BiDi listening on (ws:\/\/\S+)/;

const firefox = spawn(process.env.UPTRAKIT_FIREFOX, process.argv.slice(2), { stdio: ["ignore", "inherit", "pipe"] });
firefox.on("exit", (code) => process.exit(code ?? 1));
process.on("exit", () => firefox.kill());
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => firefox.kill(signal));

// Playwright reads the address of the browser from what it says, so it is told ours instead.
createInterface({ input: firefox.stderr }).on("line", (line) => {
  const address = announcement.exec(line)?.[1];
  if (address) listen(`${address}/session`);
  else console.error(line);
});

function listen(address) {
  // Pages of other browsers stay out, as Firefox itself keeps them out: they have an origin.
  const verifyClient = ({ origin }) => !origin;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, verifyClient }, () => {
    console.error(`WebDriver BiDi listening on ws://127.0.0.1:${server.address().port}`);
  });
  server.on("connection", (client) => bridge(client, new WebSocket(address)));
}

function bridge(client, browser) {
  const connected = new Promise((resolve) => browser.once("open", resolve));
  client.on("message", async (message) => {
    const { id, method } = JSON.parse(message);
    if (method === unknown) client.send(JSON.stringify({ type: "success", id, result: {} }));
    // In order: whoever waits for the same promise goes on in the order of asking.
    else await connected.then(() => browser.send(message, { binary: false }));
  });
  browser.on("message", (message) => client.send(message, { binary: false }));
  client.on("close", () => browser.close());
  browser.on("close", () => client.close());
}
