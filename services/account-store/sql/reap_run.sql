-- Marks one abandoned answer interrupted; what was flushed of it stays readable.
-- $1 user, $2 answer, $3 how long without a sign of life, in ms; columns: id of the answer
WITH run AS (
	UPDATE account.runs SET reaped_at = now()
	WHERE user_id = $1::uuid AND message_id = $2::uuid AND reaped_at IS NULL
		AND heartbeat_at < now() - make_interval(secs => $3::bigint / 1000.0)
	RETURNING message_id
)
UPDATE account.messages m SET status = 'interrupted', finished_at = now()
FROM run
WHERE m.user_id = $1::uuid AND m.id = run.message_id AND m.status = 'running'
RETURNING m.id
