-- When it was last noticed that several machines report under one machine id, and which have reported lately.
ALTER TABLE hosts ADD COLUMN shared_machine_id_at INTEGER;
ALTER TABLE hosts ADD COLUMN reporters TEXT;
