-- $1 user, $2 key, $3 what the provider's answer says of it, NULL for nothing
UPDATE vault.user_api_keys SET status = coalesce($3::text, status), last_used_at = now() WHERE user_id = $1::uuid AND id = $2::uuid
