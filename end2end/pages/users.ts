// Users: who may come in, and as what, and which tokens they have.
import { type Locator, type Page, expect } from "@playwright/test";

export class UsersPage {
  readonly heading: Locator;
  readonly add: Locator;
  readonly addDialog: Locator;
  readonly invitation: Locator;
  readonly newLinkDialog: Locator;
  readonly rolesDialog: Locator;

  constructor(readonly page: Page) {
    this.heading = page.getByRole("heading", { level: 1, name: "Users" });
    this.add = page.getByRole("button", { name: "Add person", exact: true });
    this.addDialog = page.getByRole("dialog", { name: "Add person" });
    this.invitation = page.getByTestId("invite-url");
    this.newLinkDialog = page.getByRole("dialog", { name: "New link" });
    this.rolesDialog = page.getByRole("dialog", { name: "Change roles" });
  }

  row(text: string): Locator {
    return this.page.getByTestId("user-row").filter({ hasText: text });
  }

  /** Adds somebody, and answers the link that is for them. */
  async invite(username: string): Promise<string> {
    await this.add.click();
    await this.addDialog.getByLabel("Username", { exact: true }).fill(username);
    await this.addDialog.getByLabel("Email", { exact: true }).fill(`${username}@example.org`);
    await this.addDialog.getByRole("button", { name: "Add", exact: true }).click();
    return this.takeLink(this.addDialog);
  }

  /** Makes another link for somebody who has not used theirs. */
  async inviteAgain(username: string): Promise<string> {
    await this.page.getByRole("button", { name: `New link for ${username}`, exact: true }).click();
    await this.newLinkDialog.getByRole("button", { name: "Make link", exact: true }).click();
    return this.takeLink(this.newLinkDialog);
  }

  private async takeLink(dialog: Locator): Promise<string> {
    const link = (await this.invitation.innerText()).trim();
    await expect(dialog.getByRole("button", { name: "Done" })).toBeDisabled();
    await dialog.getByRole("checkbox", { name: "I have sent it" }).check();
    await dialog.getByRole("button", { name: "Done" }).click();
    await expect(dialog).toBeHidden();
    return link;
  }

  /** Opens somebody's tokens. */
  async tokensOf(username: string): Promise<UserTokens> {
    const opener = this.page.getByRole("button", { name: `Tokens of ${username}`, exact: true });
    await opener.click();
    const tokens = new UserTokens(this.page, opener, username);
    await expect(tokens.heading).toBeFocused();
    return tokens;
  }
}

/** Somebody's tokens, as an administrator sees them. */
export class UserTokens {
  readonly section: Locator;
  readonly heading: Locator;
  readonly close: Locator;
  readonly state: Locator;
  readonly revokeDialog: Locator;

  constructor(
    readonly page: Page,
    readonly opener: Locator,
    username: string,
  ) {
    this.section = page.getByRole("region", { name: `API tokens of ${username}` });
    this.heading = this.section.getByRole("heading", { level: 2 });
    this.close = this.section.getByRole("button", { name: "Close", exact: true });
    this.state = this.section.getByLabel("State", { exact: true });
    this.revokeDialog = page.getByRole("dialog", { name: "Revoke token" });
  }

  row(name: string): Locator {
    return this.section.getByTestId("token-row").filter({ hasText: name });
  }

  revoke(name: string): Locator {
    return this.section.getByRole("button", { name: `Revoke ${name}`, exact: true });
  }
}
