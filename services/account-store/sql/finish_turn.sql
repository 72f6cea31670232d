-- The end of an answer: text folded, the run and its parts gone, usage noted,
-- the call in the request log. Only if the run
-- is where it was when its parts were read. No row: it is not. Behind lock_conversation.
-- $1 user, $2 answer, $3 run, $4 last seq as read, $5 content_sealed, $6 status, $7 finish_reason, $8 model,
-- $9 provider, $10 prompt_tokens, $11 completion_tokens, $12 cached_tokens, $13 reasoning_tokens, $14 cost,
-- $15 estimated, $16 key_id, $17 key_preview, $18 source, $19 latency_ms, $20 first_byte_ms
-- columns: id of the answer
WITH run AS (
	DELETE FROM account.runs
	WHERE user_id = $1::uuid AND message_id = $2::uuid AND run_id = $3::uuid AND last_seq = $4::bigint
	RETURNING conversation_id
), folded AS (
	UPDATE account.messages m SET content_sealed = $5::bytea, status = $6::text, finish_reason = $7::text,
		model = COALESCE($8::text, m.model), provider = COALESCE($9::text, m.provider),
		prompt_tokens = $10::bigint, completion_tokens = $11::bigint, cached_tokens = $12::bigint,
		reasoning_tokens = $13::bigint, cost = $14::double precision::numeric, estimated = $15::boolean,
		finished_at = now()
	FROM run
	WHERE m.user_id = $1::uuid AND m.id = $2::uuid
	RETURNING m.conversation_id, m.model, m.provider
), call AS (
	INSERT INTO account.calls (user_id, id, run_id, conversation_id, model, provider, key_id, key_preview, source,
		prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost, estimated, latency_ms,
		first_byte_ms, status, finish_reason)
	SELECT $1::uuid, $2::uuid, $3::uuid, conversation_id, model, provider, $16::uuid, $17::text, $18::text,
		$10::bigint, $11::bigint, $12::bigint, $13::bigint, $14::double precision::numeric, $15::boolean,
		$19::bigint, $20::bigint, $6::text, $7::text
	FROM folded
), touched AS (
	UPDATE account.conversations c SET last_active_at = now()
	FROM run WHERE c.user_id = $1::uuid AND c.id = run.conversation_id
)
SELECT $2::uuid FROM run
