// The frame around every page: navigation, account menu, notices.
import type { Locator, Page } from "@playwright/test";

export class Shell {
  readonly accountMenu: Locator;
  readonly signOut: Locator;
  readonly notice: Locator;

  constructor(readonly page: Page) {
    this.accountMenu = page.getByRole("button", { name: "Account menu" });
    this.signOut = page.getByRole("button", { name: "Sign out" });
    this.notice = page.getByRole("status");
  }

  heading(name: string): Locator {
    return this.page.getByRole("heading", { level: 1, name });
  }

  navigation(name: "Hosts" | "Profile"): Locator {
    return this.page.getByRole("navigation").getByRole("link", { name, exact: true });
  }

  theme(name: "System" | "Light" | "Dark"): Locator {
    return this.page.getByRole("radio", { name, exact: true });
  }
}
