-- The program that used a text first, as it calls itself: whoever sets a token up wants to see that it was theirs.
ALTER TABLE token_texts ADD COLUMN first_used_by TEXT;
