// Every view and dialog: axe finds nothing in either theme, nothing is wider than a small phone, no field makes a
// phone zoom, and there are pictures at three widths for people to look at.
import { expectAccessible } from "../support/accessibility.ts";
import { test } from "../support/fixtures.ts";
import { expectNarrow, expectNoZoom, takePictures } from "../support/pictures.ts";
import { states } from "../support/states.ts";
import { show, views } from "../support/views.ts";

/** Views with every kind of field. */
const fields = ["login", "setup", "profile", "create-token-narrowed", "create-token-without-end", "change-roles"];

for (const view of [...views, ...states].filter(({ name }) => fields.includes(name))) {
  test(`no field of ${view.name} makes a tablet zoom`, async ({ running, browser, complaints }) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, hasTouch: true });
    await complaints.watch(context);
    complaints.provoke(/status of (401|422)/);
    const page = await context.newPage();
    await show(view, page, running);
    await expectNoZoom(page, view.name);
    await context.close();
  });
}

for (const view of [...views, ...states]) {
  test(`${view.name} is accessible and fits 320 px`, async ({ running, complaints, page }) => {
    complaints.provoke(/status of (401|404|422|429|503)|ERR_INTERNET_DISCONNECTED/);
    await show(view, page, running);
    // First, so that there is something to look at when the rest fails.
    await takePictures(page, view.name);
    await expectAccessible(page, view.name);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNarrow(page, view.name);
    await expectNoZoom(page, view.name);
    await expectAccessible(page, `${view.name} at 320 px`);
    // 1280 px at 200 % zoom is a window of 640 px.
    await page.setViewportSize({ width: 640, height: 400 });
    await expectNarrow(page, `${view.name} at 200 %`);
  });
}
