// Profile: the account and its API tokens, with the dialogs that make, change and end them.
import { type Locator, type Page, expect } from "@playwright/test";

import { tokenPattern } from "../support/secrecy.ts";

export class ProfilePage {
  readonly heading: Locator;
  readonly section: Locator;
  readonly create: Locator;
  readonly state: Locator;
  readonly search: Locator;
  readonly rows: Locator;
  readonly form: CreateDialog;
  readonly reveal: Reveal;
  readonly rotateDialog: Locator;
  readonly revokeDialog: Locator;
  readonly activity: Locator;

  constructor(readonly page: Page) {
    this.activity = page.getByRole("region", { name: "Activity" });
    this.heading = page.getByRole("heading", { level: 1, name: "Profile" });
    this.section = page.getByRole("region", { name: "API tokens" });
    this.create = page.getByRole("button", { name: "Create token", exact: true }).first();
    this.state = page.getByLabel("State", { exact: true });
    this.search = page.getByLabel("Search by name", { exact: true });
    this.rows = page.getByTestId("token-row");
    this.form = new CreateDialog(page);
    this.reveal = new Reveal(page);
    this.rotateDialog = page.getByRole("dialog", { name: "Rotate token" });
    this.revokeDialog = page.getByRole("dialog", { name: "Revoke token" });
  }

  row(name: string): Locator {
    return this.rows.filter({ hasText: name });
  }

  action(verb: "Rotate" | "Edit" | "Revoke" | "Confirm", name: string): Locator {
    return this.page.getByRole("button", { name: `${verb} ${name}`, exact: true });
  }

  /** Makes a token with what the form preselects and answers its secret; the reveal stays open. */
  async createToken(name: string): Promise<string> {
    await this.create.click();
    await this.form.name.fill(name);
    await this.form.submit.click();
    return this.reveal.read();
  }

  /** The whole of it: make, confirm that it is stored, close. */
  async createTokenAndClose(name: string): Promise<string> {
    const token = await this.createToken(name);
    await this.reveal.stored.check();
    await this.reveal.done.click();
    await expect(this.reveal.text).toHaveCount(0);
    return token;
  }

  /** Revokes it, typing the name where that is asked for. */
  async revoke(name: string): Promise<void> {
    await this.action("Revoke", name).click();
    await expect(this.revokeDialog).toBeVisible();
    const confirmation = this.revokeDialog.getByLabel("Type the name to confirm");
    if (await confirmation.isVisible()) await confirmation.fill(name);
    await this.revokeDialog.getByRole("button", { name: "Revoke now" }).click();
    await expect(this.revokeDialog).toBeHidden();
  }
}

/** The form of a new token. */
export class CreateDialog {
  readonly dialog: Locator;
  readonly name: Locator;
  readonly expires: Locator;
  readonly everything: Locator;
  readonly chosen: Locator;
  readonly submit: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole("dialog", { name: "Create token" });
    this.name = this.dialog.getByLabel("Name", { exact: true });
    this.expires = this.dialog.getByLabel("Expires", { exact: true });
    this.everything = this.dialog.getByRole("radio", { name: "Everything my account may do" });
    this.chosen = this.dialog.getByRole("radio", { name: "Only what I choose" });
    this.submit = this.dialog.getByRole("button", { name: "Create", exact: true });
  }
}

/** The one sight of a token's text. */
export class Reveal {
  readonly text: Locator;
  readonly copy: Locator;
  readonly copied: Locator;
  readonly stored: Locator;
  readonly done: Locator;

  constructor(page: Page) {
    this.text = page.getByTestId("token-secret");
    const dialog = page.getByRole("dialog");
    this.copy = dialog.getByRole("button", { name: "Copy", exact: true }).first();
    this.copied = dialog.getByRole("button", { name: "Copied", exact: true }).first();
    this.stored = dialog.getByRole("checkbox", { name: "I have stored it" });
    this.done = dialog.getByRole("button", { name: "Done" });
  }

  async read(): Promise<string> {
    await expect(this.text).toHaveText(tokenPattern);
    return this.text.innerText();
  }
}
