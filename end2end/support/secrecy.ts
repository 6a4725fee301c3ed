// Looks for a token's text everywhere that a page, or whoever reads it later, could find it.
import { type BrowserContext, type Page, expect } from "@playwright/test";

/** Expects that nothing of the secret is left: the page is as if it had never been shown. */
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
      requests: performance
        .getEntries()
        .map((entry) => entry.name)
        .join("\n"),
      databases: JSON.stringify(databases),
      caches: JSON.stringify(caches),
    };
  });
  expect(await isInMemory(page, secret), "the app's memory has the token").toBe(false);
  for (const [place, text] of Object.entries(places)) {
    expect(text.includes(secret), `${place} has the token`).toBe(false);
  }
  expect(places.databases, "no IndexedDB is used").toBe("[]");
  expect(JSON.stringify(await context.storageState({ indexedDB: true }))).not.toContain(secret);
}

/** Whether the app's memory, which any script of the page can read, has a text in it. */
export function isInMemory(page: Page, text: string): Promise<boolean> {
  return page.evaluate(async (text) => {
    const script = document.querySelector<HTMLLinkElement>("link[rel=modulepreload]")!.href;
    // What was started already is answered, not started again.
    const app = (await import(script)) as { default(): Promise<{ memory: WebAssembly.Memory }> };
    const { memory } = await app.default();
    return new TextDecoder("latin1").decode(memory.buffer).includes(text);
  }, text);
}

/** The visible text of a token: its prefix, 30 characters and a checksum. */
export const tokenPattern = /^upk_[0-9A-Za-z]{36}$/;
