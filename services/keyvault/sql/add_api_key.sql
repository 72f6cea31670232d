-- $1 user, $2 id, $3 provider, $4 name, $5 sealed key, $6 preview, $7 base URL or NULL, $8 origin, $9 budget, $10 daily limit, $11 rpm, $12 priority or NULL, $13 most keys
INSERT INTO vault.user_api_keys (user_id, id, provider, key_name, key_sealed, key_preview, base_url, origin,
	monthly_budget, daily_limit, rate_limit_rpm, priority_order)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::bytea, $6::text, $7::text, $8::text,
	$9::double precision, $10::bigint, $11::bigint, coalesce($12::bigint, 100)
WHERE (SELECT count(*) FROM vault.user_api_keys WHERE user_id = $1::uuid) < $13::bigint
RETURNING id, provider, key_name, key_preview, base_url, active, monthly_budget, daily_limit, rate_limit_rpm, priority_order, status, created_at, last_used_at
