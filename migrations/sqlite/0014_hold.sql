-- Since when a token is on hold. A restored database does not know what was revoked since its backup; a token on hold is
-- refused until its owner or an administrator confirms it.
ALTER TABLE api_tokens ADD COLUMN held_at INTEGER;
