-- OAuth: applications, the requests of theirs that people answer, and what came of an approval.
-- Secrets are stored as SHA-256 digests alone. `audience` is what an access token is for: `mcp` or `api`.

CREATE TABLE oauth_applications (
    id            BLOB    PRIMARY KEY,
    client_id     TEXT    NOT NULL UNIQUE,
    kind          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    client_uri    TEXT,
    redirect_uris TEXT    NOT NULL,
    verified      BOOLEAN NOT NULL,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    fresh_until   INTEGER,
    last_used_at  INTEGER
);

INSERT INTO oauth_applications
    (id, client_id, kind, name, redirect_uris, verified, created_at, changed_at)
VALUES
    (X'019C0000000070008000000000000001', 'uptrakit-cli', 'built-in', 'Uptrakit command line', 'http://127.0.0.1/callback', TRUE, 0, 0);

-- Requests of the authorization endpoint, from the redirect to the consent page until the answer.
CREATE TABLE oauth_requests (
    digest         BLOB    PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    redirect_uri   TEXT    NOT NULL,
    state          TEXT,
    code_challenge TEXT    NOT NULL,
    permissions    TEXT    NOT NULL,
    audience       TEXT    NOT NULL,
    token_name     TEXT,
    expires_at     INTEGER NOT NULL,
    account_id     BLOB    REFERENCES accounts (id) ON DELETE CASCADE,
    answered_at    INTEGER
);

-- Requests of the device authorization endpoint. `outcome` is null until somebody answers: `approved` or `denied`.
CREATE TABLE oauth_devices (
    digest           BLOB    PRIMARY KEY,
    user_code_digest BLOB    NOT NULL UNIQUE,
    application_id   BLOB    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    permissions      TEXT    NOT NULL,
    audience         TEXT    NOT NULL,
    token_name       TEXT,
    address          TEXT    NOT NULL,
    program          TEXT,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    interval_millis  INTEGER NOT NULL,
    polled_at        INTEGER,
    account_id       BLOB    REFERENCES accounts (id) ON DELETE CASCADE,
    outcome          TEXT,
    granted          TEXT,
    used_at          INTEGER
);

-- What an account lets an application do. `expires_at` moves with every use, at most to 90 days after the beginning.
CREATE TABLE oauth_grants (
    id             BLOB    PRIMARY KEY,
    account_id     BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    application_id BLOB    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    redirect_host  TEXT,
    permissions    TEXT    NOT NULL,
    audience       TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    last_used_at   INTEGER,
    last_used_ip   TEXT,
    revoked_at     INTEGER,
    revoked_by     BLOB
);

CREATE INDEX oauth_grants_by_account ON oauth_grants (account_id, created_at);
CREATE INDEX oauth_grants_by_application ON oauth_grants (application_id);

-- Authorization codes, and what was issued for one: a grant or, for the command line, an API token. `permissions` is
-- null where the token has all permissions of the account.
CREATE TABLE oauth_codes (
    digest         BLOB    PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    account_id     BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    redirect_uri   TEXT    NOT NULL,
    code_challenge TEXT    NOT NULL,
    permissions    TEXT,
    audience       TEXT    NOT NULL,
    token_name     TEXT,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER,
    grant_id       BLOB,
    token_id       BLOB
);

-- `permissions` is null where the access token has all permissions of its grant.
CREATE TABLE oauth_access_tokens (
    digest      BLOB    PRIMARY KEY,
    grant_id    BLOB    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    permissions TEXT,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
);

CREATE INDEX oauth_access_tokens_by_grant ON oauth_access_tokens (grant_id);

-- The successor of a refresh token is derived from the presented token and the salt, which tells nothing without it.
CREATE TABLE oauth_refresh_tokens (
    digest     BLOB    PRIMARY KEY,
    grant_id   BLOB    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    salt       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
);

CREATE INDEX oauth_refresh_tokens_by_grant ON oauth_refresh_tokens (grant_id);
