CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.accounts (
    id uuid NOT NULL,
    username text NOT NULL,
    username_key text NOT NULL COLLATE pg_catalog."C",
    email text NOT NULL,
    email_key text NOT NULL,
    password_hash text,
    roles text NOT NULL,
    active boolean NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.api_tokens (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    permissions text,
    networks text,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    rotations bigint NOT NULL,
    last_used_at bigint,
    last_used_ip text,
    revoked_by uuid
);
CREATE TABLE public.audit_events (
    id uuid NOT NULL,
    at bigint NOT NULL,
    action text NOT NULL,
    actor_id uuid,
    token_id uuid,
    target_id uuid,
    address text,
    request_id text,
    outcome text NOT NULL
);
CREATE TABLE public.host_removals (
    host_id uuid NOT NULL,
    revision bigint NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.host_revision (
    id smallint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT host_revision_id_check CHECK ((id = 1))
);
CREATE TABLE public.hosts (
    id uuid NOT NULL,
    machine_id text NOT NULL,
    hostname text NOT NULL,
    hostname_key text NOT NULL COLLATE pg_catalog."C",
    search_key text NOT NULL,
    friendly_name text,
    os_name text NOT NULL,
    os_version text NOT NULL,
    kernel text NOT NULL,
    architecture text NOT NULL,
    pending_updates bigint,
    security_updates bigint,
    reboot_required boolean,
    last_seen_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    shared_machine_id_at bigint,
    reporters text
);
CREATE TABLE public.invitations (
    code_digest bytea NOT NULL,
    account_id uuid,
    expires_at bigint NOT NULL
);
CREATE TABLE public.power_changes (
    epoch bigint NOT NULL,
    account_id uuid NOT NULL,
    at bigint NOT NULL,
    nonce uuid
);
CREATE TABLE public.power_epoch (
    id smallint NOT NULL,
    epoch bigint NOT NULL,
    nonce uuid,
    CONSTRAINT power_epoch_id_check CHECK ((id = 1))
);
CREATE TABLE public.readiness (
    id smallint NOT NULL,
    at bigint NOT NULL,
    settled_at bigint,
    unsettled_since bigint,
    CONSTRAINT readiness_id_check CHECK ((id = 1))
);
CREATE TABLE public.sessions (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    digest bytea NOT NULL,
    device text NOT NULL,
    address text NOT NULL,
    created_at bigint NOT NULL,
    last_active_at bigint NOT NULL
);
CREATE TABLE public.token_texts (
    digest bytea NOT NULL,
    token_id uuid NOT NULL,
    hint text NOT NULL,
    ends_at bigint,
    last_used_at bigint,
    last_used_ip text,
    first_used_by text,
    made_at bigint
);
INSERT INTO public._sqlx_migrations VALUES (1, 'core', '2025-01-01 00:00:00+00', true, '\xbc8ace1d0a1c3a140e48c3e1de71d1aab2f04cf8a0d80f605150116e20d6b044839297c9bae82a3769e68463a35a749a', 0);
INSERT INTO public._sqlx_migrations VALUES (2, 'first use', '2025-01-01 00:00:00+00', true, '\xbfe56fee13af6b98cc145b37524354a265eed82ef3c0686b7178143cd7e4cda986cd4d07c461db51cb05985fe2458b91', 0);
INSERT INTO public._sqlx_migrations VALUES (3, 'text made at', '2025-01-01 00:00:00+00', true, '\x75bb1c2756519937d6487ea4464a8d616e2f7c804757e6e2ea0dfc08f7525e83c30788ec8cc3211e40993dfe68ff3bef', 0);
INSERT INTO public._sqlx_migrations VALUES (4, 'revoked by', '2025-01-01 00:00:00+00', true, '\x2ba3a2440938bb614efdb6d3f100082bac8f58472be475f3df0d0bdc1a9607c02d4d8f9e5147fb9f02e86897a911f083', 0);
INSERT INTO public._sqlx_migrations VALUES (5, 'epoch nonce', '2025-01-01 00:00:00+00', true, '\x9587875ab9419befd89d2cb44ebdbc124bc00ad7b2a3c6900f5ea1f35b7bc094313c731e1d586d422d5b0622e18e9dfe', 0);
INSERT INTO public._sqlx_migrations VALUES (10, 'settled clock', '2025-01-01 00:00:00+00', true, '\x75c573a1b41c31fc7c926c46091274d66f4b0ea8a33c7ef52eebf1049697650b46e5fdf37acd4d55c24b2016e4505d2e', 0);
INSERT INTO public._sqlx_migrations VALUES (11, 'shared machine id', '2025-01-01 00:00:00+00', true, '\x16654f213b9e845913e590bd84813c8c7b53738d10793faac00aa6e35bfaff1cbb821dbca09d6c0189b7430ebf0c5622', 0);
INSERT INTO public.accounts VALUES ('0190a5e0-0000-7000-8000-000000000001', 'root', 'root', 'root@example.org', 'root@example.org', '$argon2id$v=19$m=19456,t=2,p=1$c+/rNFj62Xa5+PtfUBBwWA$tRO40NyCaqvDl5xDE96W4F+CJfNxqxK2Ws8TTPcC/uw', 'administrator', true, 1735689600000);
INSERT INTO public.accounts VALUES ('0190a5e0-0000-7000-8000-000000000002', 'ada', 'ada', 'ada@example.org', 'ada@example.org', NULL, 'viewer operator', true, 1735689600000);
INSERT INTO public.api_tokens VALUES ('0190a5e0-0000-7000-8000-000000000011', '0190a5e0-0000-7000-8000-000000000001', 'ci', 'ci', NULL, NULL, 1735689600000, NULL, NULL, 0, 1735689600000, '10.0.3.7', NULL);
INSERT INTO public.api_tokens VALUES ('0190a5e0-0000-7000-8000-000000000012', '0190a5e0-0000-7000-8000-000000000001', 'leaked', 'leaked', 'hosts:read hosts:report', '10.0.0.0/8', 1735689600000, NULL, 1735689600001, 0, NULL, NULL, NULL);
INSERT INTO public.audit_events VALUES ('0190a5e0-0000-7000-8000-000000000031', 1735689600001, 'token.revoke', '0190a5e0-0000-7000-8000-000000000001', '0190a5e0-0000-7000-8000-000000000012', '0190a5e0-0000-7000-8000-000000000012', '10.0.3.7', '1-1', 'done');
INSERT INTO public.host_revision VALUES (1, 2);
INSERT INTO public.hosts VALUES ('0190a5e0-0000-7000-8000-000000000021', 'm-1', 'nas', 'nas', 'nas attic', 'attic', 'Debian GNU/Linux', '12', '6.1.0', 'x86_64', 3, 1, false, 1735689600000, 1735689600000, 1735689600000, 2, NULL, NULL);
INSERT INTO public.power_changes VALUES (1, '00000000-0000-0000-0000-000000000000', 0, '868b3eef-18ac-4501-8335-016eccd0902e');
INSERT INTO public.power_changes VALUES (2, '0190a5e0-0000-7000-8000-000000000001', 1735689600001, '11111111-1111-1111-1111-111111111111');
INSERT INTO public.power_epoch VALUES (1, 2, '11111111-1111-1111-1111-111111111111');
INSERT INTO public.readiness VALUES (1, 0, NULL, NULL);
INSERT INTO public.sessions VALUES ('0190a5e0-0000-7000-8000-000000000041', '0190a5e0-0000-7000-8000-000000000001', '\xacd33f2619a89184005437a47415ec20c54ed36bb443411d9eadb91512ddfd27', 'Firefox on Linux', '10.0.3.7', 1735689600000, 1735689600000);
INSERT INTO public.token_texts VALUES ('\xc5ad19ab6494a9171d77c7b1efde6ddc693eba66b6a05fa6d161495688d0b8bb', '0190a5e0-0000-7000-8000-000000000011', 'upk_abcd…66RN', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.token_texts VALUES ('\xa690ed8f23283ef25bad7dea5649d36a485ae5c56a5fa7977a6df840909407a6', '0190a5e0-0000-7000-8000-000000000012', 'upk_0000…IdS3', NULL, NULL, NULL, NULL, NULL);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_email_key_key UNIQUE (email_key);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_username_key_key UNIQUE (username_key);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.host_removals
    ADD CONSTRAINT host_removals_pkey PRIMARY KEY (host_id);
ALTER TABLE ONLY public.host_revision
    ADD CONSTRAINT host_revision_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.hosts
    ADD CONSTRAINT hosts_machine_id_key UNIQUE (machine_id);
ALTER TABLE ONLY public.hosts
    ADD CONSTRAINT hosts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (code_digest);
ALTER TABLE ONLY public.power_changes
    ADD CONSTRAINT power_changes_pkey PRIMARY KEY (epoch);
ALTER TABLE ONLY public.power_epoch
    ADD CONSTRAINT power_epoch_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.readiness
    ADD CONSTRAINT readiness_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.token_texts
    ADD CONSTRAINT token_texts_pkey PRIMARY KEY (digest);
CREATE INDEX api_tokens_by_account ON public.api_tokens USING btree (account_id, created_at);
CREATE INDEX audit_events_by_actor ON public.audit_events USING btree (actor_id, at);
CREATE INDEX audit_events_by_time ON public.audit_events USING btree (at);
CREATE INDEX hosts_by_hostname ON public.hosts USING btree (hostname_key, id);
CREATE INDEX hosts_by_revision ON public.hosts USING btree (revision);
CREATE INDEX sessions_by_account ON public.sessions USING btree (account_id);
CREATE INDEX token_texts_by_token ON public.token_texts USING btree (token_id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.token_texts
    ADD CONSTRAINT token_texts_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.api_tokens(id) ON DELETE CASCADE;
