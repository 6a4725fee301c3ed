// openid-client, a certified client of OAuth for any server, against the authorization server: it knows nothing of
// Uptrakit, and finds, registers, asks, refreshes and revokes by the standards alone. The person's answers are sent as the
// pages send them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as client from "openid-client";

import { Server } from "./server.mjs";

const redirectUri = "https://client.example.org/callback";
let server;

before(async () => {
  server = await Server.start();
});
after(() => server.stop());

// The tests' server speaks http on loopback, which the client takes only when it is told to.
const how = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };

/** Finds the server by its metadata (RFC 8414) and registers there (RFC 7591). */
function register(metadata = {}) {
  const about = { client_name: "Generic client", redirect_uris: [redirectUri], token_endpoint_auth_method: "none" };
  return client.dynamicClientRegistration(new URL(server.url), { ...about, ...metadata }, client.None(), how);
}

/** Asks in the browser, and returns the answer's address and what it is checked against. */
async function ask(config, allows, wishes = {}) {
  const [pkceCodeVerifier, expectedState] = [client.randomPKCECodeVerifier(), client.randomState()];
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: allows.join(" "),
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    resource: server.mcp,
    ...wishes,
  });
  return { callback: await server.allow(address, allows), checks: { pkceCodeVerifier, expectedState } };
}

async function connect(config, allows) {
  const { callback, checks } = await ask(config, allows);
  return client.authorizationCodeGrant(config, callback, checks, { resource: server.mcp });
}

const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "tests", version: "1" } },
};

/** Says what /mcp answers to an access token. */
async function statusOf(config, token) {
  const headers = new Headers({ "content-type": "application/json", accept: "application/json, text/event-stream" });
  const body = JSON.stringify(initialize);
  const answer = client.fetchProtectedResource(config, token, new URL(server.mcp), "POST", body, headers);
  return answer.then(
    ({ status }) => status,
    (error) => error.status,
  );
}

const refuses = (error) => (given) => {
  assert.equal(given.error, error, given);
  return true;
};

test("a client that knows the standards alone finds the server, registers, and is allowed in", async () => {
  const config = await register();
  const metadata = config.serverMetadata();
  assert.equal(metadata.issuer, server.url);
  assert.equal(metadata.supportsPKCE(), true);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.ok(config.clientMetadata().client_id);

  const tokens = await connect(config, ["hosts:read", "hosts:write"]);
  assert.equal(tokens.token_type, "bearer");
  assert.equal(tokens.scope, "hosts:read hosts:write");
  assert.equal(tokens.expiresIn() > 0 && tokens.expiresIn() <= 900, true);
  assert.equal(await statusOf(config, tokens.access_token), 200);
});

test("a client that was registered before finds the server by discovery", async () => {
  const { client_id: id } = (await register()).clientMetadata();
  const config = await client.discovery(new URL(server.url), id, undefined, client.None(), how);
  assert.equal(await statusOf(config, (await connect(config, ["hosts:read"])).access_token), 200);
});

test("a code is worth nothing without the verifier, and an answer nothing with another state", async () => {
  const config = await register();
  const { callback, checks } = await ask(config, ["hosts:read"]);
  const exchange = (changes) =>
    client.authorizationCodeGrant(config, callback, { ...checks, ...changes }, { resource: server.mcp });
  await assert.rejects(exchange({ expectedState: "another" }), { code: "OAUTH_INVALID_RESPONSE" });
  await assert.rejects(exchange({ pkceCodeVerifier: client.randomPKCECodeVerifier() }), refuses("invalid_grant"));
  assert.ok((await exchange({})).access_token, "the right client can still use it");
});

test("a refresh gives the next pair of tokens, and a narrower scope narrows that access token", async () => {
  const config = await register();
  const first = await connect(config, ["hosts:read", "hosts:write"]);
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(await statusOf(config, second.access_token), 200);
  const third = await client.refreshTokenGrant(config, second.refresh_token, { scope: "hosts:read" });
  assert.equal(third.scope, "hosts:read");
  const wider = client.refreshTokenGrant(config, third.refresh_token, { scope: "hosts:read users:manage" });
  await assert.rejects(wider, refuses("invalid_scope"));
  await assert.rejects(client.refreshTokenGrant(config, first.refresh_token), refuses("invalid_grant"));
  await assert.rejects(
    client.refreshTokenGrant(config, third.refresh_token),
    refuses("invalid_grant"),
    "an old refresh token that comes back ends the grant",
  );
  assert.equal(await statusOf(config, third.access_token), 401);
});

test("a revocation of the access token ends it alone, and one of the refresh token ends the grant", async () => {
  const config = await register();
  const first = await connect(config, ["hosts:read"]);
  await client.tokenRevocation(config, first.access_token, { token_type_hint: "access_token" });
  assert.equal(await statusOf(config, first.access_token), 401);
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  assert.equal(await statusOf(config, second.access_token), 200);
  await client.tokenRevocation(config, second.refresh_token, { token_type_hint: "refresh_token" });
  assert.equal(await statusOf(config, second.access_token), 401);
  await assert.rejects(client.refreshTokenGrant(config, second.refresh_token), refuses("invalid_grant"));
});

test("a client without a browser waits for the person who types its code", async () => {
  const config = await register({ grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"] });
  const begun = await client.initiateDeviceAuthorization(config, { scope: "hosts:read", resource: server.mcp });
  assert.match(begun.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
  await server.call("open_device", { code: begun.user_code });
  await server.call("approve_device", { code: begun.user_code, approval: { permissions: ["hosts:read"] } });
  const tokens = await client.pollDeviceAuthorizationGrant(config, begun, { resource: server.mcp });
  assert.equal(await statusOf(config, tokens.access_token), 200);
});
