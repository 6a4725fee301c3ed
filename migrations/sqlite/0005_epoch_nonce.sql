-- Each move of the epoch writes a random nonce beside its number, so that two histories of the database, as after a
-- restore of an older file, can be told apart where they reached the same number. The row of the latest move stays.
ALTER TABLE power_epoch ADD COLUMN nonce BLOB;
ALTER TABLE power_changes ADD COLUMN nonce BLOB;
UPDATE power_epoch SET nonce = randomblob(16);
INSERT INTO power_changes (epoch, account_id, at, nonce)
SELECT epoch, zeroblob(16), 0, nonce FROM power_epoch WHERE true
ON CONFLICT (epoch) DO UPDATE SET nonce = excluded.nonce;
