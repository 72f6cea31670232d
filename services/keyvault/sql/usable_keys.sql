-- $1 user → active keys in the order they are used, sealed, with what they were used for today (UTC), this minute and this month.
SELECT k.id, k.provider, k.key_sealed, k.key_preview, k.base_url, k.origin, k.status, d.version, d.kek_id, d.wrapped_sealed,
	k.monthly_budget, k.daily_limit, k.rate_limit_rpm,
	coalesce(today.requests, 0),
	CASE WHEN today.minute = date_trunc('minute', now()) THEN today.minute_requests ELSE 0 END,
	coalesce((SELECT sum(m.cost) FROM vault.key_usage m WHERE m.user_id = k.user_id AND m.key_id = k.id
		AND m.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0)::double precision
FROM vault.user_api_keys k
JOIN vault.user_data_keys d ON d.user_id = k.user_id AND d.family = k.data_key_family AND d.version = k.data_key_version
LEFT JOIN vault.key_usage today ON today.user_id = k.user_id AND today.key_id = k.id AND today.day = (now() AT TIME ZONE 'UTC')::date
WHERE k.user_id = $1::uuid AND k.active
ORDER BY k.priority_order, k.created_at, k.id
LIMIT 100
