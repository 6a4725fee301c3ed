-- Each move of the epoch writes a random nonce beside its number, so that two histories of the database, as after a
-- failover that lost commits, can be told apart where they reached the same number. The row of the latest move stays.
ALTER TABLE power_epoch ADD COLUMN nonce UUID;
ALTER TABLE power_changes ADD COLUMN nonce UUID;
UPDATE power_epoch SET nonce = gen_random_uuid();
INSERT INTO power_changes (epoch, account_id, at, nonce)
SELECT epoch, '00000000-0000-0000-0000-000000000000', 0, nonce FROM power_epoch
ON CONFLICT (epoch) DO UPDATE SET nonce = excluded.nonce;
