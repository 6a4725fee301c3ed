// Pictures of a page for people to look at, and whether it fits a small screen. With UPTRAKIT_DOCS_IMAGES=1 the
// pictures of the documentation are renewed.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { type Page, expect } from "@playwright/test";

const folder = join(import.meta.dirname, "../screenshots");
const images = join(import.meta.dirname, "../../docs/images");
const documented = ["profile", "create-token", "reveal", "revoke-token", "hosts"];

/** Expects that neither the page nor a dialog in it scrolls sideways. */
export async function expectNarrow(page: Page, what: string): Promise<void> {
  const widths = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
    dialogs: [...document.querySelectorAll("dialog[open]")].map((dialog) => dialog.scrollWidth - dialog.clientWidth),
  }));
  expect(widths.page, `${what} scrolls sideways`).toBeLessThanOrEqual(widths.window);
  expect(widths.dialogs.filter((excess) => excess > 0), `a dialog in ${what} scrolls sideways`).toEqual([]);
}

/** Takes the page as it stands at three widths, light and dark. */
export async function takePictures(page: Page, name: string): Promise<void> {
  // In one browser: Playwright's way to take one in Firefox is against the page's policy.
  if (page.context().browser()?.browserType().name() !== "chromium") return;
  await mkdir(folder, { recursive: true });
  // The bar stays at the top of the window, and would stand in the middle of a picture of the whole page.
  await page.evaluate(() => scrollTo(0, 0));
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [320, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      // A dialog stands in the window, not in the page.
      const fullPage = (await page.getByRole("dialog").count()) === 0;
      const path = join(folder, `${name}-${width}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage, animations: "disabled" });
    }
  }
  if (process.env.UPTRAKIT_DOCS_IMAGES && documented.includes(name)) {
    await mkdir(images, { recursive: true });
    for (const [colorScheme, file] of [["light", `${name}.png`], ["dark", `${name}-dark.png`]] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // A dialog is shown alone: with the page behind it, nobody could read it.
      const dialog = page.getByRole("dialog");
      if ((await dialog.count()) > 0) await dialog.screenshot({ path: join(images, file), animations: "disabled" });
      else await copyFile(join(folder, `${name}-1280-${colorScheme}.png`), join(images, file));
    }
  }
}
