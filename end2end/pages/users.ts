// Users: who may come in, and as what, and which tokens they have.
import { type Locator, type Page, expect } from "@playwright/test";

export class UsersPage {
  readonly heading: Locator;
  readonly add: Locator;
  readonly addDialog: Locator;
  readonly invitation: Locator;
  readonly rolesDialog: Locator;

  constructor(readonly page: Page) {
    this.heading = page.getByRole("heading", { level: 1, name: "Users" });
    this.add = page.getByRole("button", { name: "Add person", exact: true });
    this.addDialog = page.getByRole("dialog", { name: "Add person" });
    this.invitation = page.getByTestId("invite-url");
    this.rolesDialog = page.getByRole("dialog", { name: "Change roles" });
  }

  row(text: string): Locator {
    return this.page.getByTestId("user-row").filter({ hasText: text });
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
