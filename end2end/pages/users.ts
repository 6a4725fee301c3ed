// Users: who may come in, and as what.
import type { Locator, Page } from "@playwright/test";

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
}
