-- When a text was made: a rotation that was asked for before that is the loser of two at once.
ALTER TABLE token_texts ADD COLUMN made_at BIGINT;
