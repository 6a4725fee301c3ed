// The page on which a person decides about an application that asks for access.
import type { Locator, Page } from "@playwright/test";

export class ConsentPage {
  readonly heading: Locator;
  readonly allow: Locator;
  readonly deny: Locator;
  readonly tokenName: Locator;

  constructor(readonly page: Page) {
    this.heading = page.getByRole("heading", { level: 1, name: "Allow access?" });
    this.allow = page.getByRole("button", { name: /^Allow / });
    this.deny = page.getByRole("button", { name: "Deny", exact: true });
    this.tokenName = page.getByLabel("Name of its API token");
  }

  permission(name: string): Locator {
    return this.page.getByRole("checkbox", { name });
  }
}
