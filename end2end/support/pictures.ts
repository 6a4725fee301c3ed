// Pictures of a page for people to look at, and whether it fits a small screen. With UPTRAKIT_DOCS_IMAGES=1 the
// pictures of the documentation are renewed.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { type Page, expect } from "@playwright/test";

const folder = join(import.meta.dirname, "../screenshots");
const images = join(import.meta.dirname, "../../docs/images");

/** A picture of the documentation: the part that it is about, with all that stands over it or alone, or the dialog. */
interface Documented {
  name: string;
  about?: string;
  alone?: boolean;
}

/** The views that the documentation has pictures of. */
const documented: Record<string, Documented> = {
  profile: { name: "profile", about: "#tokens" },
  hosts: { name: "hosts", about: "[aria-label='All hosts']" },
  "create-token": { name: "create-token" },
  reveal: { name: "reveal" },
  "revoke-token": { name: "revoke-token" },
  "consent-website": { name: "consent", about: ".consent", alone: true },
  applications: { name: "connected-applications", about: "#applications", alone: true },
  "assistants-claude-code": { name: "assistants", about: "#assistants", alone: true },
};

/** Expects that neither the page nor a dialog in it scrolls sideways. */
export async function expectNarrow(page: Page, what: string): Promise<void> {
  const widths = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
    dialogs: [...document.querySelectorAll("dialog[open]")].map((dialog) => dialog.scrollWidth - dialog.clientWidth),
  }));
  expect(widths.page, `${what} scrolls sideways`).toBeLessThanOrEqual(widths.window);
  expect(
    widths.dialogs.filter((excess) => excess > 0),
    `a dialog in ${what} scrolls sideways`,
  ).toEqual([]);
}

/** Expects that no field makes the browser of a phone zoom when it is tapped: its text has at least 16 px. */
export async function expectNoZoom(page: Page, what: string): Promise<void> {
  const small = await page.evaluate(() => {
    const fields = [...document.querySelectorAll<HTMLElement>("input, select, textarea")];
    const size = (field: HTMLElement) => Number.parseFloat(getComputedStyle(field).fontSize);
    return fields.filter((field) => size(field) < 16).map((field) => `${field.outerHTML}: ${size(field)} px`);
  });
  expect(small, `fields of ${what} whose text is too small`).toEqual([]);
}

/** Waits until what can be seen is drawn: pictures are fetched only where they are shown. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const shown = [...document.images].filter((image) => image.checkVisibility());
    for (const image of shown) image.loading = "eager";
    await Promise.all(shown.map((image) => image.decode()));
    for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
  });
}

/** Takes away what is behind a dialog, and its own edge: a picture of it stands alone. */
async function alone(page: Page): Promise<void> {
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      body * { visibility: hidden }
      dialog[open], dialog[open] * { visibility: visible }
      dialog[open] { border-color: transparent; border-radius: 0; box-shadow: none }
      dialog[open]::backdrop { background: var(--surface) }
    `);
    document.adoptedStyleSheets.push(sheet);
  });
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
      await settle(page);
      await page.screenshot({ path, fullPage, animations: "disabled" });
    }
  }
  const picture = documented[name];
  if (process.env.UPTRAKIT_DOCS_IMAGES && picture) {
    await mkdir(images, { recursive: true });
    for (const [colorScheme, file] of [
      ["light", `${picture.name}.png`],
      ["dark", `${picture.name}-dark.png`],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const dialog = page.getByRole("dialog");
      const path = join(images, file);
      if ((await dialog.count()) > 0) {
        await alone(page);
        await dialog.screenshot({ path, animations: "disabled" });
        await page.evaluate(() => document.adoptedStyleSheets.pop());
      } else {
        // The narrowest window with tables, and no more of it than what it is about: it is made smaller where it is shown.
        await page.setViewportSize({ width: 960, height: 800 });
        await page.evaluate(() => scrollTo(0, 0));
        const box = (await page.locator("main").locator(picture.about!).boundingBox())!;
        const clip = picture.alone
          ? { x: box.x - 16, y: box.y - 16, width: box.width + 32, height: box.height + 32 }
          : { x: 0, y: 0, width: 960, height: box.y + box.height + 12 };
        await page.screenshot({ path, fullPage: true, animations: "disabled", clip });
      }
    }
  }
}
