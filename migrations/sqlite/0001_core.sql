-- Accounts, their credentials, the hosts that the credentials open, and the trail of what was done.
-- Instants are milliseconds since the Unix epoch; digests are SHA-256; sets are names with a space between them.

CREATE TABLE accounts (
    id            BLOB    PRIMARY KEY,
    username      TEXT    NOT NULL,
    username_key  TEXT    NOT NULL UNIQUE,
    email         TEXT    NOT NULL,
    email_key     TEXT    NOT NULL UNIQUE,
    password_hash TEXT,
    roles         TEXT    NOT NULL,
    active        BOOLEAN NOT NULL,
    created_at    INTEGER  NOT NULL
);

-- One-time codes: for an invited account, or (without one) for whoever sets up the server.
CREATE TABLE invitations (
    code_digest BLOB   PRIMARY KEY,
    account_id  BLOB   REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL
);

CREATE TABLE sessions (
    id             BLOB   PRIMARY KEY,
    account_id     BLOB   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest         BLOB   NOT NULL UNIQUE,
    device         TEXT   NOT NULL,
    address        TEXT   NOT NULL,
    created_at     INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE api_tokens (
    id           BLOB   PRIMARY KEY,
    account_id   BLOB   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    name_key     TEXT   NOT NULL,
    permissions  TEXT,
    networks     TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    rotations    INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_ip TEXT
);

CREATE INDEX api_tokens_by_account ON api_tokens (account_id, created_at);

-- The texts that a token has had. The newest has no end; a rotation gives the one before it an end, which may be at once.
CREATE TABLE token_texts (
    digest       BLOB   PRIMARY KEY,
    token_id     BLOB   NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    hint         TEXT   NOT NULL,
    ends_at      INTEGER,
    last_used_at INTEGER,
    last_used_ip TEXT
);

CREATE INDEX token_texts_by_token ON token_texts (token_id);

-- The epoch: one row that every change of power moves in its own transaction, and which account each move was about.
CREATE TABLE power_epoch (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER   NOT NULL
);

INSERT INTO power_epoch (id, epoch) VALUES (1, 1);

CREATE TABLE power_changes (
    epoch      INTEGER PRIMARY KEY,
    account_id BLOB   NOT NULL,
    at         INTEGER NOT NULL
);

-- The same for hosts: one row that every change moves, so that followers can ask for what came after a number.
CREATE TABLE host_revision (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER   NOT NULL
);

INSERT INTO host_revision (id, revision) VALUES (1, 1);

CREATE TABLE hosts (
    id               BLOB    PRIMARY KEY,
    machine_id       TEXT    NOT NULL UNIQUE,
    hostname         TEXT    NOT NULL,
    hostname_key     TEXT    NOT NULL,
    search_key       TEXT    NOT NULL,
    friendly_name    TEXT,
    os_name          TEXT    NOT NULL,
    os_version       TEXT    NOT NULL,
    kernel           TEXT    NOT NULL,
    architecture     TEXT    NOT NULL,
    pending_updates  INTEGER,
    security_updates INTEGER,
    reboot_required  BOOLEAN,
    last_seen_at     INTEGER  NOT NULL,
    created_at       INTEGER  NOT NULL,
    updated_at       INTEGER  NOT NULL,
    revision         INTEGER  NOT NULL
);

CREATE INDEX hosts_by_revision ON hosts (revision);
CREATE INDEX hosts_by_hostname ON hosts (hostname_key, id);

CREATE TABLE host_removals (
    host_id  BLOB   PRIMARY KEY,
    revision INTEGER NOT NULL,
    at       INTEGER NOT NULL
);

CREATE TABLE audit_events (
    id         BLOB   PRIMARY KEY,
    at         INTEGER NOT NULL,
    action     TEXT   NOT NULL,
    actor_id   BLOB,
    token_id   BLOB,
    target_id  BLOB,
    address    TEXT,
    request_id TEXT,
    outcome    TEXT   NOT NULL
);

CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at);
CREATE INDEX audit_events_by_time ON audit_events (at);

-- Written to find out whether the database takes writes.
CREATE TABLE readiness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER   NOT NULL
);

INSERT INTO readiness (id, at) VALUES (1, 0);
