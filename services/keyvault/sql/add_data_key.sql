-- $1 user, $2 family, $3 KEK id, $4 wrapped key: the first one; of two at once the second is dropped.
INSERT INTO vault.user_data_keys (user_id, family, version, kek_id, wrapped_sealed)
VALUES ($1::uuid, $2::text, 1, $3::bytea, $4::bytea)
ON CONFLICT (user_id, family, version) DO NOTHING
