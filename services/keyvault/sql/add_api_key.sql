-- $1 user, $2 id, $3 provider, $4 name, $5 sealed key, $6 version of the data key it is sealed with, $7 preview, $8 base URL or NULL, $9 origin,
-- $10 budget, $11 daily limit, $12 rpm, $13 priority or NULL, $14 most keys
INSERT INTO vault.user_api_keys (user_id, id, provider, key_name, key_sealed, data_key_version, key_preview, base_url, origin,
	monthly_budget, daily_limit, rate_limit_rpm, priority_order)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::bytea, $6::bigint, $7::text, $8::text, $9::text,
	$10::double precision, $11::bigint, $12::bigint, coalesce($13::bigint, 100)
WHERE (SELECT count(*) FROM vault.user_api_keys WHERE user_id = $1::uuid) < $14::bigint
RETURNING id, provider, key_name, key_preview, base_url, active, monthly_budget, daily_limit, rate_limit_rpm, priority_order, status, created_at, last_used_at
