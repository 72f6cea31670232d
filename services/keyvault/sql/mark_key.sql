-- $1 user, $2 key, $3 status
UPDATE vault.user_api_keys SET status = $3::text, last_used_at = now() WHERE user_id = $1::uuid AND id = $2::uuid
