-- $1 user → keys without their secrets, in the order they are used.
SELECT id, provider, key_name, key_preview, base_url, active, monthly_budget, daily_limit, rate_limit_rpm, priority_order, status, created_at, last_used_at
FROM vault.user_api_keys
WHERE user_id = $1::uuid
ORDER BY priority_order, created_at, id
