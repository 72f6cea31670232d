-- $1 how long without a sign of life, in ms; $2 limit; columns: user_id, message_id
SELECT user_id, message_id FROM account.runs
WHERE reaped_at IS NULL AND heartbeat_at < now() - make_interval(secs => $1::bigint / 1000.0)
ORDER BY heartbeat_at
LIMIT $2::bigint
