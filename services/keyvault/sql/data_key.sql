-- $1 user, $2 family, $3 version or NULL for the newest
SELECT version, kek_id, wrapped_sealed
FROM vault.user_data_keys
WHERE user_id = $1::uuid AND family = $2::text AND ($3::bigint IS NULL OR version = $3::bigint)
ORDER BY version DESC
LIMIT 1
