-- $1 family, $2 KEK id, $3 canary
INSERT INTO vault.kek_versions (family, kek_id, canary_sealed) VALUES ($1::text, $2::bytea, $3::bytea)
ON CONFLICT (family, kek_id) DO NOTHING
