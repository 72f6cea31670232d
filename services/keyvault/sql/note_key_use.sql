-- $1 user, $2 key, $3 requests that reached the provider, $4 prompt tokens, $5 completion tokens, $6 cost
INSERT INTO vault.key_usage AS u (user_id, key_id, day, requests, prompt_tokens, completion_tokens, cost, minute, minute_requests)
SELECT $1::uuid, k.id, (now() AT TIME ZONE 'UTC')::date, $3::bigint, $4::bigint, $5::bigint, $6::double precision::numeric, date_trunc('minute', now()), $3::bigint
FROM vault.user_api_keys k WHERE k.user_id = $1::uuid AND k.id = $2::uuid
ON CONFLICT (user_id, key_id, day) DO UPDATE SET
	requests          = u.requests + excluded.requests,
	prompt_tokens     = u.prompt_tokens + excluded.prompt_tokens,
	completion_tokens = u.completion_tokens + excluded.completion_tokens,
	cost              = u.cost + excluded.cost,
	minute_requests   = CASE WHEN u.minute = excluded.minute THEN u.minute_requests ELSE 0 END + excluded.minute_requests,
	minute            = excluded.minute
