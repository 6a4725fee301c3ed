// The first-run link: it works once, says what is wrong with what was typed, and opens nothing with a wrong code.
import { expect, test } from "../support/fixtures.ts";
import { ada } from "../support/server.ts";
import { ProfilePage } from "../pages/profile.ts";
import { SetupPage } from "../pages/setup.ts";

test("a weak password is refused at its field and nothing is lost", async ({
  emptyServer: server,
  complaints,
  page,
}) => {
  complaints.provoke(/status of 422/);
  const setup = new SetupPage(page);
  await page.goto(await server.setupLink());
  await setup.fill({ ...ada, password: "uptrakituptrakit" });
  await setup.submit.click();
  await expect(setup.password).toHaveAttribute("aria-invalid", "true");
  await expect(setup.password).toHaveAccessibleDescription(/\S/);
  await expect(setup.username).toHaveValue(ada.username);
  await expect(setup.heading).toBeVisible();

  await setup.password.fill(ada.password);
  await setup.submit.click();
  await expect(new ProfilePage(page).heading).toBeVisible();
});

test("the link works once", async ({ emptyServer: server, complaints, page, browser }) => {
  complaints.provoke(/status of 404/);
  const link = await server.setupLink();
  const setup = new SetupPage(page);
  await page.goto(link);
  await setup.fill(ada);
  await setup.submit.click();
  await expect(new ProfilePage(page).heading).toBeVisible();

  const other = await browser.newContext();
  await complaints.watch(other);
  const visitor = await other.newPage();
  await visitor.goto(link);
  await expect(visitor.getByRole("main")).toContainText("opens nothing any more");
  await expect(new SetupPage(visitor).submit).toHaveCount(0);
  await other.close();
});

test("a wrong code opens nothing", async ({ emptyServer: server, complaints, page }) => {
  complaints.provoke(/status of 404/);
  await page.goto(`${server.url}/setup?code=wrong`);
  await expect(page.getByRole("main")).toContainText("opens nothing any more");
  await expect(new SetupPage(page).submit).toHaveCount(0);
  // The right one still does.
  await page.goto(await server.setupLink());
  await expect(new SetupPage(page).submit).toBeVisible();
});

test("the code does not stay in the address bar", async ({ emptyServer: server, page }) => {
  const link = await server.setupLink();
  const setup = new SetupPage(page);
  await page.goto(link);
  await setup.fill(ada);
  await setup.submit.click();
  await expect(new ProfilePage(page).heading).toBeVisible();
  const code = new URL(link).searchParams.get("code")!;
  expect(page.url()).not.toContain(code);
  expect(await page.evaluate(() => JSON.stringify(history.state ?? null))).not.toContain(code);
  await page.goBack();
  expect(page.url()).not.toContain(code);
});
