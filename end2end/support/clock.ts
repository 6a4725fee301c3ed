// The clock of a page's device, in the hands of a test.
import { type Page } from "@playwright/test";

/**
 * Puts a test's clock in place of the page's. Playwright's own timers have numbers that WebAssembly can't hold, so that the
 * app could not stop any: here they have small ones.
 */
export async function installClock(page: Page): Promise<void> {
  await page.clock.install();
  await page.addInitScript(() => {
    const numbers = new Map<number, number>();
    let next = 1;
    const start = (start: typeof setTimeout) =>
      function (...given: Parameters<typeof setTimeout>): number {
        const number = next++;
        numbers.set(number, start(...given) as unknown as number);
        return number;
      };
    const stop = (stop: typeof clearTimeout) =>
      function (number: number): void {
        stop(numbers.get(number));
        numbers.delete(number);
      };
    Object.assign(window, {
      setTimeout: start(window.setTimeout),
      setInterval: start(window.setInterval as typeof setTimeout),
      clearTimeout: stop(window.clearTimeout),
      clearInterval: stop(window.clearInterval),
    });
  });
}
