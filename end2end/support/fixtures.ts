// What every journey starts from: a server and a database of its own, a browser that complains, and, where it is
// asked for, a person who is signed in.
import { type BrowserContext, type Page, expect, test as base } from "@playwright/test";

import { Complaints } from "./complaints.ts";
import { type Person, Server, ada } from "./server.ts";

interface Fixtures {
  /** An empty server: no account yet. */
  emptyServer: Server;
  /** A server on which `ada` is administrator. */
  server: Server;
  /** What went wrong in the browser; looked at after every test. */
  complaints: Complaints;
  /** A page on which `ada` is signed in, with nothing loaded yet. */
  signedIn: Page;
}

/** Signs in over the API, which sets the browser's cookie. */
export async function signIn(context: BrowserContext, server: Server, person: Person): Promise<void> {
  const answer = await context.request.post(`${server.url}/api/v1/auth/sessions`, {
    data: { login: person.username, password: person.password },
  });
  expect(answer.status(), await answer.text()).toBe(201);
}

export const test = base.extend<Fixtures & { running: Server[] }>({
  // The servers of this test, in the order in which they were made.
  running: async ({}, use, testInfo) => {
    const servers: Server[] = [];
    await use(servers);
    for (const server of servers) {
      await server.remove();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach("server log", { body: server.log, contentType: "text/plain" });
      }
    }
  },
  emptyServer: async ({ running }, use) => {
    const server = await Server.create();
    running.push(server);
    await server.start();
    await use(server);
  },
  server: async ({ running }, use) => {
    const server = await Server.create();
    running.push(server);
    await server.addPerson(ada);
    await server.start();
    await use(server);
  },
  complaints: [
    async ({ context, running }, use) => {
      const complaints = new Complaints(() => running.map((server) => server.url));
      await complaints.watch(context);
      await use(complaints);
      expect(complaints.unexpected(), "what the browser complained about").toEqual([]);
    },
    { auto: true },
  ],
  signedIn: async ({ server, context, page }, use) => {
    await signIn(context, server, ada);
    await use(page);
  },
});

export { expect };
