// Axe on the page as it stands, in both themes.
import { AxeBuilder } from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";

/** Expects that axe finds nothing, light and dark; in light alone where the browser can't be told to be dark. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const schemes =
    page.context().browser()?.browserType().name() === "chromium" ? (["light", "dark"] as const) : (["light"] as const);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Pages have no frames, so that axe needs no second page to put their results together.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
    const found = violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary ?? ""}`),
    }));
    expect(found, `${what}, ${colorScheme}`).toEqual([]);
  }
}
