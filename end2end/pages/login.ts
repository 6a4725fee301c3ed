// The sign-in page.
import type { Locator, Page } from "@playwright/test";

export class LoginPage {
  readonly heading: Locator;
  readonly login: Locator;
  readonly password: Locator;
  readonly submit: Locator;
  readonly problem: Locator;

  constructor(page: Page) {
    this.heading = page.getByRole("heading", { level: 1, name: "Sign in" });
    this.login = page.getByLabel("Username or email", { exact: true });
    this.password = page.getByLabel("Password", { exact: true });
    this.submit = page.getByRole("main").getByRole("button", { name: "Sign in", exact: true });
    this.problem = page.getByRole("alert");
  }

  async signIn(login: string, password: string): Promise<void> {
    await this.login.fill(login);
    await this.password.fill(password);
    await this.submit.click();
  }
}
