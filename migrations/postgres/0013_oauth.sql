-- OAuth: applications, the requests of theirs that people answer, and what came of an approval.
-- Secrets are stored as SHA-256 digests alone. `audience` is what an access token is for: `mcp` or `api`.

CREATE TABLE oauth_applications (
    id            UUID    PRIMARY KEY,
    client_id     TEXT    NOT NULL UNIQUE,
    kind          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    client_uri    TEXT,
    redirect_uris TEXT    NOT NULL,
    verified      BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    changed_at    BIGINT  NOT NULL,
    fresh_until   BIGINT,
    last_used_at  BIGINT
);

INSERT INTO oauth_applications
    (id, client_id, kind, name, redirect_uris, verified, created_at, changed_at)
VALUES
    ('019c0000-0000-7000-8000-000000000001', 'uptrakit-cli', 'built-in', 'Uptrakit command line', 'http://127.0.0.1/callback', TRUE, 0, 0);

-- Requests of the authorization endpoint, from the redirect to the consent page until the answer.
CREATE TABLE oauth_requests (
    digest         BYTEA   PRIMARY KEY,
    application_id UUID    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    redirect_uri   TEXT    NOT NULL,
    state          TEXT,
    code_challenge TEXT    NOT NULL,
    permissions    TEXT    NOT NULL,
    audience       TEXT    NOT NULL,
    token_name     TEXT,
    expires_at     BIGINT  NOT NULL,
    account_id     UUID    REFERENCES accounts (id) ON DELETE CASCADE,
    answered_at    BIGINT
);

-- Requests of the device authorization endpoint. `outcome` is null until somebody answers: `approved` or `denied`.
CREATE TABLE oauth_devices (
    digest           BYTEA   PRIMARY KEY,
    user_code_digest BYTEA   NOT NULL UNIQUE,
    application_id   UUID    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    permissions      TEXT    NOT NULL,
    audience         TEXT    NOT NULL,
    token_name       TEXT,
    address          TEXT    NOT NULL,
    program          TEXT,
    created_at       BIGINT  NOT NULL,
    expires_at       BIGINT  NOT NULL,
    interval_millis  BIGINT  NOT NULL,
    polled_at        BIGINT,
    account_id       UUID    REFERENCES accounts (id) ON DELETE CASCADE,
    outcome          TEXT,
    granted          TEXT,
    used_at          BIGINT
);

-- What an account lets an application do. `expires_at` moves with every use, at most to 90 days after the beginning.
CREATE TABLE oauth_grants (
    id             UUID    PRIMARY KEY,
    account_id     UUID    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    application_id UUID    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    redirect_host  TEXT,
    permissions    TEXT    NOT NULL,
    audience       TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    expires_at     BIGINT  NOT NULL,
    last_used_at   BIGINT,
    last_used_ip   TEXT,
    revoked_at     BIGINT,
    revoked_by     UUID
);

CREATE INDEX oauth_grants_by_account ON oauth_grants (account_id, created_at);
CREATE INDEX oauth_grants_by_application ON oauth_grants (application_id);

-- Authorization codes, and what was issued for one: a grant or, for the command line, an API token. `permissions` is
-- null where the token has all permissions of the account.
CREATE TABLE oauth_codes (
    digest         BYTEA   PRIMARY KEY,
    application_id UUID    NOT NULL REFERENCES oauth_applications (id) ON DELETE CASCADE,
    account_id     UUID    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    redirect_uri   TEXT    NOT NULL,
    code_challenge TEXT    NOT NULL,
    permissions    TEXT,
    audience       TEXT    NOT NULL,
    token_name     TEXT,
    expires_at     BIGINT  NOT NULL,
    used_at        BIGINT,
    grant_id       UUID    ,
    token_id       UUID
);

-- `permissions` is null where the access token has all permissions of its grant.
CREATE TABLE oauth_access_tokens (
    digest      BYTEA   PRIMARY KEY,
    grant_id    UUID    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    permissions TEXT,
    created_at  BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL,
    revoked_at  BIGINT
);

CREATE INDEX oauth_access_tokens_by_grant ON oauth_access_tokens (grant_id);

-- The successor of a refresh token is derived from the presented token and the salt, which tells nothing without it.
CREATE TABLE oauth_refresh_tokens (
    digest     BYTEA   PRIMARY KEY,
    grant_id   UUID    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    salt       BYTEA   NOT NULL,
    created_at BIGINT  NOT NULL,
    used_at    BIGINT
);

CREATE INDEX oauth_refresh_tokens_by_grant ON oauth_refresh_tokens (grant_id);
