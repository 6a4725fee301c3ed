// Every view and dialog: axe finds nothing in either theme, nothing is wider than a small phone, and there are
// pictures at three widths for people to look at. With UPTRAKIT_DOCS_IMAGES=1 those of the documentation are renewed.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { type Page } from "@playwright/test";

import { expectAccessible } from "../support/accessibility.ts";
import { expect, test } from "../support/fixtures.ts";
import { show, views } from "../support/views.ts";

const folder = join(import.meta.dirname, "../screenshots");
const images = join(import.meta.dirname, "../../docs/images");
const documented = ["profile", "create-token", "reveal", "revoke-token", "hosts"];

async function expectNarrow(page: Page, what: string): Promise<void> {
  const widths = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
    dialogs: [...document.querySelectorAll("dialog[open]")].map((dialog) => dialog.scrollWidth - dialog.clientWidth),
  }));
  expect(widths.page, `${what} scrolls sideways`).toBeLessThanOrEqual(widths.window);
  expect(widths.dialogs.filter((excess) => excess > 0), `a dialog in ${what} scrolls sideways`).toEqual([]);
}

async function takePictures(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
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
    await copyFile(join(folder, `${name}-1280-light.png`), join(images, `${name}.png`));
  }
}

for (const view of views) {
  test(`${view.name} is accessible and fits 320 px`, async ({ running, complaints, page }) => {
    complaints.provoke(/status of (401|404|422)/);
    await show(view, page, running);
    // First, so that there is something to look at when the rest fails.
    await takePictures(page, view.name);
    await expectAccessible(page, view.name);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNarrow(page, view.name);
    await expectAccessible(page, `${view.name} at 320 px`);
    // 1280 px at 200 % zoom is a window of 640 px.
    await page.setViewportSize({ width: 640, height: 400 });
    await expectNarrow(page, `${view.name} at 200 %`);
  });
}
