// Axe on the page as it stands, in both themes.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

import { type Page, expect } from "@playwright/test";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Axe {
  run(): Promise<{ violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

/** Expects that axe finds nothing, light and dark; in light alone where the browser can't be told to be dark. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const schemes =
    page.context().browser()?.browserType().name() === "chromium" ? (["light", "dark"] as const) : (["light"] as const);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Evaluated by the debugger, so the page's policy stays as strict as it is.
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => (window as unknown as { axe: Axe }).axe.run());
    const found = violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary ?? ""}`),
    }));
    expect(found, `${what}, ${colorScheme}`).toEqual([]);
  }
}
