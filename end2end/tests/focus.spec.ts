// Where the keyboard is after a dialog: at the button that opened it, however it was closed.
import { mint, report, call } from "../support/api.ts";
import { expect, test } from "../support/fixtures.ts";

const dialogs: { path: string; opener: string; dialog: string }[] = [
  { path: "/profile", opener: "Create token", dialog: "Create token" },
  { path: "/profile", opener: "Rotate opener", dialog: "Rotate token" },
  { path: "/profile", opener: "Edit opener", dialog: "Edit token" },
  { path: "/profile", opener: "Revoke opener", dialog: "Revoke token" },
  { path: "/hosts", opener: "Rename web-1", dialog: "Rename host" },
  { path: "/hosts", opener: "Delete web-1", dialog: "Delete host" },
  { path: "/users", opener: "Add person", dialog: "Add person" },
  { path: "/users", opener: "Roles of ada", dialog: "Change roles" },
];

for (const { path, opener, dialog: name } of dialogs) {
  test(`the focus goes into the dialog "${name}" and back to its opener`, async ({
    server,
    context,
    signedIn: page,
  }) => {
    const token = await mint(context, server, { name: "opener" });
    await call(server, token, "/hosts/report", { method: "POST", json: report("web-1") });
    const button = page.getByRole("button", { name: opener, exact: true }).first();
    const dialog = page.getByRole("dialog", { name });
    const open = async () => {
      await button.focus();
      await page.keyboard.press("Enter");
      await expect(dialog).toBeVisible();
      await expect.poll(() => dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    };
    await page.goto(`${server.url}${path}`);
    for (const close of ["Escape", "Cancel"]) {
      await open();
      if (close === "Escape") await page.keyboard.press("Escape");
      else await dialog.getByRole("button", { name: "Cancel" }).click();
      await expect(dialog).toBeHidden();
      await expect(button).toBeFocused();
    }
    // Out of a modal dialog the Tab key leads nowhere but to the browser's own controls. Last, for a Firefox without a
    // window doesn't find its way back from them.
    await open();
    for (let presses = 0; presses < 15; presses += 1) {
      await page.keyboard.press("Tab");
      const outside = await page.evaluate(() => {
        const active = document.activeElement;
        return active !== null && active !== document.body && !active.closest("dialog");
      });
      expect(outside, "the focus left the dialog").toBe(false);
    }
  });
}
