-- The field's words: the epoch of authorization, the secrets of a token.
ALTER TABLE power_epoch RENAME TO auth_epoch;
ALTER TABLE power_changes RENAME TO auth_epoch_moves;
ALTER TABLE token_texts RENAME TO token_secrets;
ALTER TABLE token_secrets RENAME COLUMN made_at TO created_at;
DROP INDEX token_texts_by_token;
CREATE INDEX token_secrets_by_token ON token_secrets (token_id);
