// High contrast, where the system's few colours replace the app's: what is told by colour alone would be lost.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { Locator } from "@playwright/test";

import { expectAccessible } from "../support/accessibility.ts";
import { expect, test } from "../support/fixtures.ts";
import { show, views } from "../support/views.ts";

const folder = join(import.meta.dirname, "../screenshots");
const shown = [
  "login",
  "profile",
  "profile-revoked",
  "create-token-narrowed",
  "reveal",
  "revoke-token",
  "account-menu",
  "hosts",
  "users",
];

/** Whether its border can be told from what is behind it. */
const hasBorder = (element: Locator) =>
  element.evaluate((it) => {
    const { borderTopWidth, borderTopStyle, borderTopColor } = getComputedStyle(it);
    const canvas = getComputedStyle(document.body).backgroundColor;
    return parseFloat(borderTopWidth) > 0 && borderTopStyle !== "none" && borderTopColor !== canvas;
  });

for (const name of shown) {
  test(`${name} can be used in forced colours`, async ({ running, complaints, page }) => {
    complaints.provoke(/status of (401|404|422)/);
    await page.emulateMedia({ forcedColors: "active" });
    await show(
      views.find((view) => view.name === name)!,
      page,
      running,
    );
    await mkdir(folder, { recursive: true });
    for (const width of [1280, 768, 320]) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(folder, `${name}-${width}-forced-colors.png`), animations: "disabled" });
      for (const kind of [".badge", ".button", ".avatar", "input:not([type=radio], [type=checkbox])", "select"]) {
        for (const element of await page.locator(kind).filter({ visible: true }).all()) {
          expect(await hasBorder(element), `${kind} ${await element.textContent()} at ${width} has a border`).toBe(
            true,
          );
        }
      }
    }
    for (const link of await page.locator(".topnav a").all()) {
      const isCurrent = (await link.getAttribute("aria-current")) !== null;
      const isMarked = await link.evaluate(
        (it) => getComputedStyle(it).borderBottomColor !== getComputedStyle(document.body).backgroundColor,
      );
      expect(isMarked, "the current page alone is marked").toBe(isCurrent);
    }
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => {
        const active = document.activeElement;
        if (!active || active === document.body) return "none needed";
        // The segments of a choice show the focus of the radio button that lies over them.
        const drawn = active.matches(".segments input") ? active.nextElementSibling! : active;
        const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(drawn);
        const canvas = getComputedStyle(document.body).backgroundColor;
        return outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && outlineColor !== canvas
          ? "seen"
          : active.outerHTML;
      });
      expect(["seen", "none needed"]).toContain(outline);
    }
    await expectAccessible(page, `${name} in forced colours`);
  });
}
