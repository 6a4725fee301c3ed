// Looks for a token's text everywhere that a page, or whoever reads it later, could find it.
import { type BrowserContext, type Page, expect } from "@playwright/test";

/** Expects that nothing of the text is left: the page is as if it had never been shown. */
export async function expectForgotten(page: Page, context: BrowserContext, token: string): Promise<void> {
  // The random part alone would be as bad as the whole.
  const secret = token.slice("upk_".length, -"checks".length);
  const places = await page.evaluate(async () => {
    const values = [...document.querySelectorAll<HTMLInputElement>("input, textarea")].map((field) => field.value);
    const databases = await indexedDB.databases();
    const caches = "caches" in window ? await window.caches.keys() : [];
    return {
      document: document.documentElement.outerHTML,
      fields: values.join("\n"),
      selection: String(getSelection()),
      title: document.title,
      url: location.href,
      history: JSON.stringify(history.state ?? null),
      windowName: window.name,
      localStorage: JSON.stringify(localStorage),
      sessionStorage: JSON.stringify(sessionStorage),
      requests: performance.getEntries().map((entry) => entry.name).join("\n"),
      databases: JSON.stringify(databases),
      caches: JSON.stringify(caches),
    };
  });
  for (const [place, text] of Object.entries(places)) {
    expect(text.includes(secret), `${place} has the token`).toBe(false);
  }
  expect(places.databases, "no IndexedDB is used").toBe("[]");
  expect(JSON.stringify(await context.storageState({ indexedDB: true }))).not.toContain(secret);
}

/** The visible text of a token: its prefix, 30 characters and a checksum. */
export const tokenPattern = /^upk_[0-9A-Za-z]{36}$/;
