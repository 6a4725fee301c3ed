// Everything that a journey must not cause: console errors and warnings, script errors, CSP reports, requests to
// other sites. A test that provokes one on purpose says which.
import type { BrowserContext, ConsoleMessage } from "@playwright/test";

export class Complaints {
  private readonly seen: string[] = [];
  private readonly provoked: RegExp[] = [];

  constructor(private readonly origins: () => string[]) {}

  /** Says that this will come, because the test wants it to. */
  provoke(pattern: RegExp): void {
    this.provoked.push(pattern);
  }

  async watch(context: BrowserContext): Promise<void> {
    await context.exposeBinding("reportCspViolation", (_, text: string) => this.seen.push(`CSP: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        const report = (window as unknown as { reportCspViolation(text: string): void }).reportCspViolation;
        report(`${event.effectiveDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    context.on("console", (message) => this.note(message));
    context.on("weberror", (error) => this.seen.push(`script error: ${error.error().message}`));
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const local = protocol === "data:" || protocol === "blob:" || protocol === "about:";
      if (!local && !this.origins().includes(origin)) this.seen.push(`request to another site: ${request.url()}`);
    });
  }

  private note(message: ConsoleMessage): void {
    if (message.type() !== "error" && message.type() !== "warning") return;
    this.seen.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
  }

  /** What was not provoked. */
  unexpected(): string[] {
    return this.seen.filter((text) => !this.provoked.some((pattern) => pattern.test(text)));
  }
}
