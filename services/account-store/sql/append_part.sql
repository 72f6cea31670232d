-- One flushed piece. The sequence number makes it repeatable; a repeat is a sign of life too. A run that the
-- reaper had given up goes on.
-- $1 user, $2 answer, $3 run, $4 seq, $5 text_sealed
-- columns: the last number accepted before this call; no row: no such run
WITH before AS (
	SELECT last_seq, reaped_at FROM account.runs
	WHERE user_id = $1::uuid AND message_id = $2::uuid AND run_id = $3::uuid
	FOR UPDATE
), alive AS (
	UPDATE account.runs r SET last_seq = GREATEST(r.last_seq, $4::bigint), heartbeat_at = now(), reaped_at = NULL
	FROM before
	WHERE r.user_id = $1::uuid AND r.message_id = $2::uuid AND before.last_seq >= $4::bigint - 1
), part AS (
	INSERT INTO account.message_parts (user_id, message_id, seq, text_sealed)
	SELECT $1::uuid, $2::uuid, $4::bigint, $5::bytea FROM before WHERE last_seq = $4::bigint - 1
), revived AS (
	UPDATE account.messages m SET status = 'running'
	FROM before
	WHERE m.user_id = $1::uuid AND m.id = $2::uuid AND before.reaped_at IS NOT NULL
		AND before.last_seq >= $4::bigint - 1
)
SELECT last_seq FROM before
