PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);
INSERT INTO _sqlx_migrations VALUES(1,'core','2025-01-01 00:00:00',1,X'e9c050f04a84bdcabb8ac96f3417e34c02e28091fe65d2648e261d8a95625086110e5fb732cb0daf96dee7afe6c61165',0);
INSERT INTO _sqlx_migrations VALUES(2,'first use','2025-01-01 00:00:00',1,X'bfe56fee13af6b98cc145b37524354a265eed82ef3c0686b7178143cd7e4cda986cd4d07c461db51cb05985fe2458b91',0);
INSERT INTO _sqlx_migrations VALUES(3,'text made at','2025-01-01 00:00:00',1,X'3293c6ce4d712892bff57070529ea3b8b7d0834f240e9835a6581dc8409ceae554415464ff1462b1a638e608852eec81',0);
INSERT INTO _sqlx_migrations VALUES(4,'revoked by','2025-01-01 00:00:00',1,X'a35a5c8101937f6727fbb2e951fe52ff5bb083b18a2e2d99cf25fdf9c84bfafe518bed1a1288a0b9b03f8ca61612f55b',0);
INSERT INTO _sqlx_migrations VALUES(5,'epoch nonce','2025-01-01 00:00:00',1,X'5b4a23724b16705c95d13bf88bc5068459018b8d9062674180a2a5c44a7a176e92560624a0362974925f83edbc583a04',0);
INSERT INTO _sqlx_migrations VALUES(10,'settled clock','2025-01-01 00:00:00',1,X'86be25429deba248ccda93e02c34ac61583dce7290142bf738ddae20bb5f9dae776e8b37812656f5db94497894035bb7',0);
INSERT INTO _sqlx_migrations VALUES(11,'shared machine id','2025-01-01 00:00:00',1,X'6076b403e79d7aec18bbc1148c2e78ed0ff93dca403959e35ba53253fd96e70ad5dbc35c3e2cee09afa7d8d542852450',0);
INSERT INTO _sqlx_migrations VALUES(12,'words','2025-01-01 00:00:00',1,X'068aa9ad83a941e12b1dcd39c21c37fc103afaa14e129e1f8cf9e53c5449b544a670f354a46bc9e289ff4342a01c3e86',0);
INSERT INTO _sqlx_migrations VALUES(13,'oauth','2025-01-01 00:00:00',1,X'a1b045ee7a05542d1e28c9b518cc6b0b74fda9c8ec31f03209f263a552b940a3b9bb17bf52d63b0e48ea8b901505bbba',0);
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
INSERT INTO accounts VALUES(X'0190a5e0000070008000000000000001','root','root','root@example.org','root@example.org','$argon2id$v=19$m=19456,t=2,p=1$c+/rNFj62Xa5+PtfUBBwWA$tRO40NyCaqvDl5xDE96W4F+CJfNxqxK2Ws8TTPcC/uw','administrator',1,1735689600000);
INSERT INTO accounts VALUES(X'0190a5e0000070008000000000000002','ada','ada','ada@example.org','ada@example.org',NULL,'viewer operator',1,1735689600000);
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
INSERT INTO sessions VALUES(X'0190a5e0000070008000000000000041',X'0190a5e0000070008000000000000001',X'acd33f2619a89184005437a47415ec20c54ed36bb443411d9eadb91512ddfd27','Firefox on Linux','10.0.3.7',1735689600000,1735689600000);
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
, revoked_by BLOB);
INSERT INTO api_tokens VALUES(X'0190a5e0000070008000000000000011',X'0190a5e0000070008000000000000001','ci','ci',NULL,NULL,1735689600000,NULL,NULL,0,1735689600000,'10.0.3.7',NULL);
INSERT INTO api_tokens VALUES(X'0190a5e0000070008000000000000012',X'0190a5e0000070008000000000000001','leaked','leaked','hosts:read hosts:report','10.0.0.0/8',1735689600000,NULL,1735689600001,0,NULL,NULL,NULL);
CREATE TABLE IF NOT EXISTS "token_secrets" (
    digest       BLOB   PRIMARY KEY,
    token_id     BLOB   NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    hint         TEXT   NOT NULL,
    ends_at      INTEGER,
    last_used_at INTEGER,
    last_used_ip TEXT
, first_used_by TEXT, created_at INTEGER);
INSERT INTO token_secrets VALUES(X'c5ad19ab6494a9171d77c7b1efde6ddc693eba66b6a05fa6d161495688d0b8bb',X'0190a5e0000070008000000000000011','upk_abcd…66RN',NULL,NULL,NULL,NULL,NULL);
INSERT INTO token_secrets VALUES(X'a690ed8f23283ef25bad7dea5649d36a485ae5c56a5fa7977a6df840909407a6',X'0190a5e0000070008000000000000012','upk_0000…IdS3',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE IF NOT EXISTS "auth_epoch" (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER   NOT NULL
, nonce BLOB);
INSERT INTO auth_epoch VALUES(1,2,X'11111111111111111111111111111111');
CREATE TABLE IF NOT EXISTS "auth_epoch_moves" (
    epoch      INTEGER PRIMARY KEY,
    account_id BLOB   NOT NULL,
    at         INTEGER NOT NULL
, nonce BLOB);
INSERT INTO auth_epoch_moves VALUES(1,X'00000000000000000000000000000000',0,X'1940ef6a7c393612bb784b2e1afdada7');
INSERT INTO auth_epoch_moves VALUES(2,X'0190a5e0000070008000000000000001',1735689600001,X'11111111111111111111111111111111');
CREATE TABLE host_revision (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER   NOT NULL
);
INSERT INTO host_revision VALUES(1,2);
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
, shared_machine_id_at INTEGER, reporters TEXT);
INSERT INTO hosts VALUES(X'0190a5e0000070008000000000000021','m-1','nas','nas','nas attic','attic','Debian GNU/Linux','12','6.1.0','x86_64',3,1,0,1735689600000,1735689600000,1735689600000,2,NULL,NULL);
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
INSERT INTO audit_events VALUES(X'0190a5e0000070008000000000000031',1735689600001,'token.revoke',X'0190a5e0000070008000000000000001',X'0190a5e0000070008000000000000012',X'0190a5e0000070008000000000000012','10.0.3.7','1-1','done');
CREATE TABLE readiness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER   NOT NULL
, settled_at INTEGER, unsettled_since INTEGER);
INSERT INTO readiness VALUES(1,0,NULL,NULL);
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
INSERT INTO oauth_applications VALUES(X'019c0000000070008000000000000001','uptrakit-cli','built-in','Uptrakit command line',NULL,'http://127.0.0.1/callback',1,0,0,NULL,NULL);
INSERT INTO oauth_applications VALUES(X'0190a5e0000070008000000000000052','a-client','dynamic','Assistant',NULL,'https://example.org/cb',1,1735689600000,1735689600000,NULL,NULL);
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
INSERT INTO oauth_grants VALUES(X'0190a5e0000070008000000000000051',X'0190a5e0000070008000000000000001',X'0190a5e0000070008000000000000052','example.org','hosts:read','mcp',1735689600000,4102444800000,NULL,NULL,NULL,NULL);
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
CREATE TABLE oauth_access_tokens (
    digest      BLOB    PRIMARY KEY,
    grant_id    BLOB    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    permissions TEXT,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
);
CREATE TABLE oauth_refresh_tokens (
    digest     BLOB    PRIMARY KEY,
    grant_id   BLOB    NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    salt       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX api_tokens_by_account ON api_tokens (account_id, created_at);
CREATE INDEX hosts_by_revision ON hosts (revision);
CREATE INDEX hosts_by_hostname ON hosts (hostname_key, id);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at);
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX token_secrets_by_token ON token_secrets (token_id);
CREATE INDEX oauth_grants_by_account ON oauth_grants (account_id, created_at);
CREATE INDEX oauth_grants_by_application ON oauth_grants (application_id);
CREATE INDEX oauth_access_tokens_by_grant ON oauth_access_tokens (grant_id);
CREATE INDEX oauth_refresh_tokens_by_grant ON oauth_refresh_tokens (grant_id);
COMMIT;
