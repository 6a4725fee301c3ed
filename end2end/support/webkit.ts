// WebKit as Debian packages it, the engine of Safari: its driver speaks WebDriver, which Playwright does not.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import { Builder, By, Key, type WebDriver, type WebElement, until } from "selenium-webdriver";

const patience = 30_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** A browser without a screen, with nothing from another one in it. */
export class WebKit {
  private constructor(
    readonly driver: WebDriver,
    private readonly programs: ChildProcess[],
  ) {}

  /** `browser` is the program that the driver starts. */
  static async start(browser: string): Promise<WebKit> {
    const screen = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [number] = (await once(screen.stdout!, "data")) as [Buffer];
    const port = await freePort();
    const driver = spawn("WebKitWebDriver", [`--port=${port}`], {
      env: {
        ...process.env,
        DISPLAY: `:${number.toString().trim()}`,
        // WebKit's sandbox does not start as root, and a screen without a graphics card draws by itself.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
        WEBKIT_DISABLE_COMPOSITING_MODE: "1",
        LIBGL_ALWAYS_SOFTWARE: "1",
        TZ: "Europe/Berlin",
        LANG: "C.UTF-8",
      },
      stdio: "ignore",
    });
    const url = `http://127.0.0.1:${port}`;
    for (let waited = 0; ; waited += 100) {
      const ready = await fetch(`${url}/status`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) break;
      if (waited > patience) throw new Error("WebKitWebDriver does not answer");
      await pause(100);
    }
    const capabilities = {
      browserName: "MiniBrowser",
      "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] },
    };
    const session = await new Builder().usingServer(url).withCapabilities(capabilities).build();
    return new WebKit(session, [driver, screen]);
  }

  async stop(): Promise<void> {
    await this.driver.quit().catch(() => undefined);
    for (const program of this.programs) program.kill();
  }

  /** The one element that can be seen and has this name, as a screen reader would say it. */
  async named(role: string, name: string | RegExp): Promise<WebElement> {
    const selector = { button: "button", field: "input, select, textarea", heading: "h1, h2", link: "a" }[role] ?? role;
    const found = await this.driver.wait(
      async () => {
        for (const element of await this.driver.findElements(By.css(selector))) {
          const words = await this.nameOf(element);
          const matches = typeof name === "string" ? words === name : name.test(words);
          if (matches && (await element.isDisplayed().catch(() => false))) return element;
        }
        return null;
      },
      patience,
      `there is no ${role} called ${name}`,
    );
    return found!;
  }

  private async nameOf(element: WebElement): Promise<string> {
    const name: string = await this.driver
      .executeScript(
        `const it = arguments[0];
         const label = it.labels?.[0] ?? it;
         return (it.getAttribute("aria-label") ?? label.textContent).replace(/\\s+/g, " ").trim();`,
        element,
      )
      .then(String, () => "");
    return name;
  }

  async press(name: string | RegExp): Promise<void> {
    await (await this.named("button", name)).click();
  }

  async fill(label: string, text: string): Promise<void> {
    const field = await this.named("field", label);
    await field.clear();
    await field.sendKeys(text);
  }

  /** The dialog that is open. */
  async dialog(label: string): Promise<WebElement> {
    const dialog = await this.driver.wait(
      until.elementLocated(By.css(`dialog[open][aria-label="${label}"]`)),
      patience,
    );
    return this.driver.wait(until.elementIsVisible(dialog), patience);
  }

  async noDialog(): Promise<void> {
    await this.driver.wait(async () => (await this.driver.findElements(By.css("dialog[open]"))).length === 0, patience);
  }

  /** Waits for a text in the page. */
  async says(text: string | RegExp): Promise<void> {
    const body = await this.driver.findElement(By.css("body"));
    const matches = async () => {
      const words = (await body.getText()).replace(/\s+/g, " ");
      return typeof text === "string" ? words.includes(text) : text.test(words);
    };
    await this.driver.wait(matches, patience, `the page never says ${text}`);
  }

  escape(): Promise<void> {
    return this.driver.actions().sendKeys(Key.ESCAPE).perform();
  }
}
