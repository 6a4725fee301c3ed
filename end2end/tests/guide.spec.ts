// The guide that the server carries: found from the app, readable without it, in the chosen theme.
import { type Locator } from "@playwright/test";

import { expectAccessible } from "../support/accessibility.ts";
import { expect, test } from "../support/fixtures.ts";
import { expectNarrow, takePictures } from "../support/pictures.ts";
import { Shell } from "../pages/shell.ts";

const pages = ["", "/profile", "/tokens", "/security", "/cli", "/api", "/auth-flows", "/permissions", "/mcp"];

test("the account menu leads to the guide", async ({ server, signedIn: page }) => {
  await page.goto(`${server.url}/profile`);
  await new Shell(page).accountMenu.click();
  await page.getByRole("link", { name: "Guide" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Guide" })).toBeVisible();
  await page.getByRole("navigation", { name: "Guide" }).getByRole("link", { name: "Security practice" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Security practice" })).toBeVisible();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Profile" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeVisible();
});

test("the guide keeps the chosen theme", async ({ server, page }) => {
  await page.goto(`${server.url}/login`);
  await page.evaluate(() => localStorage.setItem("uptrakit-theme", "dark"));
  await page.goto(`${server.url}/docs`);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the theme is chosen in the guide as in the app", async ({ server, page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${server.url}/docs/tokens`);
  const picture = (theme: string) => page.locator(`.in-${theme} > img`).first();
  await expect(picture("light")).toBeVisible();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "Dark" }).check();
  await expect(picture("dark")).toBeVisible();
  await expect(picture("light")).toBeHidden();
  await page.reload();
  await expect(picture("dark")).toBeVisible();
  await page.getByRole("button", { name: "Settings" }).click();
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
  await page.goto(`${server.url}/login`);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("a box of code shows at which end more of it is hidden", async ({ server, page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${server.url}/docs/cli`);
  const widest = await page.locator("pre").evaluateAll((boxes) => {
    const hidden = boxes.map((box) => box.scrollWidth - box.clientWidth);
    return hidden.indexOf(Math.max(...hidden));
  });
  const box = page.locator("pre").nth(widest);
  await box.scrollIntoViewIfNeeded();
  await page.emulateMedia({ colorScheme: "light" });
  const plain = (lightness: number) => lightness > 0.98;
  expect((await lightnessOfEnds(box)).map(plain)).toEqual([true, false]);
  await box.evaluate((box) => (box.scrollLeft = 30));
  expect((await lightnessOfEnds(box)).map(plain)).toEqual([false, false]);
  await box.evaluate((box) => (box.scrollLeft = box.scrollWidth));
  expect((await lightnessOfEnds(box)).map(plain)).toEqual([false, true]);
});

/** How light the two ends of a box are, within its padding, where no letter stands. */
async function lightnessOfEnds(box: Locator): Promise<number[]> {
  const { x, y, width } = (await box.boundingBox())!;
  const strips = [x + 2, x + width - 8].map((x) => ({ x, y: y + 4, width: 6, height: 4 }));
  const reader = await box.page().context().newPage();
  const lightness: number[] = [];
  for (const clip of strips) {
    const picture = `data:image/png;base64,${(await box.page().screenshot({ clip })).toString("base64")}`;
    lightness.push(
      await reader.evaluate(async (source) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d")!;
        canvas.drawImage(image, 0, 0);
        const { data } = canvas.getImageData(0, 0, image.width, image.height);
        return data.reduce((sum, value) => sum + value, 0) / data.length / 255;
      }, picture),
    );
  }
  await reader.close();
  return lightness;
}

for (const path of pages) {
  const name = `guide${path.replace("/", "-")}`;
  test(`${name} is accessible and fits 320 px`, async ({ server, page }) => {
    await page.goto(`${server.url}/docs${path}`);
    await takePictures(page, name);
    await expectAccessible(page, name);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNarrow(page, name);
    await expectAccessible(page, `${name} at 320 px`);
  });
}
