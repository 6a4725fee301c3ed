// Hosts: the machines that report here.
import type { Locator, Page } from "@playwright/test";

export class HostsPage {
  readonly heading: Locator;
  readonly search: Locator;
  readonly sort: Locator;

  constructor(readonly page: Page) {
    this.heading = page.getByRole("heading", { level: 1, name: "Hosts" });
    this.search = page.getByLabel("Search hosts", { exact: true });
    this.sort = page.getByLabel("Sort by", { exact: true });
  }

  named(hostname: string): Locator {
    return this.page.getByRole("main").getByText(hostname, { exact: true });
  }
}
