// The first-run page: the first administrator is made here.
import type { Locator, Page } from "@playwright/test";

import type { Person } from "../support/server.ts";

export class SetupPage {
  readonly heading: Locator;
  readonly username: Locator;
  readonly email: Locator;
  readonly password: Locator;
  readonly submit: Locator;

  constructor(page: Page) {
    this.heading = page.getByRole("heading", { level: 1, name: "Welcome to Uptrakit" });
    this.username = page.getByLabel("Username", { exact: true });
    this.email = page.getByLabel("Email", { exact: true });
    this.password = page.getByLabel("Password", { exact: true });
    this.submit = page.getByRole("button", { name: /^(Create account|Set password)$/ });
  }

  async fill(person: Person): Promise<void> {
    await this.username.fill(person.username);
    await this.email.fill(person.email);
    await this.password.fill(person.password);
  }
}
