// Every view and dialog: axe finds nothing in either theme, and nothing is wider than a small phone.
import { type Page } from "@playwright/test";

import { expectAccessible } from "../support/accessibility.ts";
import { expect, test } from "../support/fixtures.ts";
import { show, views } from "../support/views.ts";

async function expectNarrow(page: Page, what: string): Promise<void> {
  const widths = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
    dialogs: [...document.querySelectorAll("dialog[open]")].map((dialog) => dialog.scrollWidth - dialog.clientWidth),
  }));
  expect(widths.page, `${what} scrolls sideways`).toBeLessThanOrEqual(widths.window);
  expect(widths.dialogs.filter((excess) => excess > 0), `a dialog in ${what} scrolls sideways`).toEqual([]);
}

for (const view of views) {
  test(`${view.name} is accessible and fits 320 px`, async ({ running, complaints, page }) => {
    complaints.provoke(/status of (401|404|422)/);
    await show(view, page, running);
    await expectAccessible(page, view.name);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNarrow(page, view.name);
    await expectAccessible(page, `${view.name} at 320 px`);
    // 1280 px at 200 % zoom is a window of 640 px.
    await page.setViewportSize({ width: 640, height: 400 });
    await expectNarrow(page, `${view.name} at 200 %`);
  });
}
