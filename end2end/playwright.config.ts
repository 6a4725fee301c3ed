// How the end-to-end tests run. `cargo xtask e2e` builds what they need and names it in the environment.
import { join } from "node:path";

import { type Project, defineConfig } from "@playwright/test";

const root = process.getuid?.() === 0;

const chromium: Project = {
  name: "chromium",
  use: {
    browserName: "chromium",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.UPTRAKIT_CHROMIUM,
      args: [
        // Chromium's sandbox does not start as root.
        ...(root ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
};

// Every journey once more: cookies without Secure on loopback, the clipboard, dialogs and the policy of the page are each
// browser's own affair.
const firefox: Project = {
  name: "firefox",
  // Firefox can't be told to force colours, the pictures are Chromium's, headers and weights are the same for both, and the
  // journey on Postgres, whose one database both would share, is about servers.
  testIgnore: [
    "forced-colors.spec.ts",
    "every-view.spec.ts",
    "headers.spec.ts",
    "two-servers.spec.ts",
    "webkit.spec.ts",
  ],
  use: {
    browserName: "firefox",
    channel: "moz-firefox",
    // Playwright styles the page for a screenshot, which the page's policy forbids; it takes one at the end of every context.
    screenshot: "off",
    launchOptions: { executablePath: join(import.meta.dirname, "support/firefox-bridge.mjs") },
  },
};

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  snapshotPathTemplate: "snapshots/{testFileName}/{arg}{ext}",
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  // A debug build on a busy machine; no test asserts a duration.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["json", { outputFile: "test-results/report.json" }]],
  use: {
    headless: true,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
  },
  // `cargo xtask e2e` says why where there is no Firefox.
  projects: process.env.UPTRAKIT_FIREFOX ? [chromium, firefox] : [chromium],
});
