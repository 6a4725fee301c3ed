// Pictures of every view at three widths in both themes, for people to look at. With UPTRAKIT_DOCS_IMAGES=1 the
// ones that the documentation shows are copied there.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "../support/fixtures.ts";
import { show, views } from "../support/views.ts";

const folder = join(import.meta.dirname, "../screenshots");
const images = join(import.meta.dirname, "../../docs/images");
const documented = ["profile", "create-token", "reveal", "revoke-token", "hosts"];

for (const view of views) {
  test(`pictures of ${view.name}`, async ({ running, complaints, page }) => {
    complaints.provoke(/status of (401|404|422)/);
    await show(view, page, running);
    await mkdir(folder, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const width of [320, 768, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        const dialog = await page.getByRole("dialog").count();
        const path = join(folder, `${view.name}-${width}-${colorScheme}.png`);
        const picture = await page.screenshot({ path, fullPage: dialog === 0, animations: "disabled" });
        expect(picture.length).toBeGreaterThan(2_000);
      }
    }
    if (process.env.UPTRAKIT_DOCS_IMAGES && documented.includes(view.name)) {
      await mkdir(images, { recursive: true });
      await copyFile(join(folder, `${view.name}-1280-light.png`), join(images, `${view.name}.png`));
    }
  });
}
