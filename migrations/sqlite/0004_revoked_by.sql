-- Whose credential revoked a token: its owner sees whether it was their own.
ALTER TABLE api_tokens ADD COLUMN revoked_by BLOB;
