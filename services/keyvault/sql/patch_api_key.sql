-- $1 user, $2 id, then pairs of "given" and value: $3/$4 name, $5/$6 active, $7/$8 priority, $9/$10 budget, $11/$12 daily limit, $13/$14 rpm
UPDATE vault.user_api_keys SET
	key_name       = CASE WHEN $3::boolean THEN $4::text ELSE key_name END,
	active         = CASE WHEN $5::boolean THEN $6::boolean ELSE active END,
	priority_order = CASE WHEN $7::boolean THEN $8::bigint ELSE priority_order END,
	monthly_budget = CASE WHEN $9::boolean THEN $10::double precision ELSE monthly_budget END,
	daily_limit    = CASE WHEN $11::boolean THEN $12::bigint ELSE daily_limit END,
	rate_limit_rpm = CASE WHEN $13::boolean THEN $14::bigint ELSE rate_limit_rpm END,
	status         = CASE WHEN $5::boolean AND $6::boolean THEN 'ok' ELSE status END,
	updated_at     = now()
WHERE user_id = $1::uuid AND id = $2::uuid
RETURNING id, provider, key_name, key_preview, base_url, active, monthly_budget, daily_limit, rate_limit_rpm, priority_order, status, created_at, last_used_at
