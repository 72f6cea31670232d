-- The request log row of a call without a conversation. Its id is the run's, which makes it repeatable.
-- $1 user, $2 run, $3 model, $4 provider, $5 key_id, $6 key_preview, $7 source, $8 prompt_tokens,
-- $9 completion_tokens, $10 cached_tokens, $11 reasoning_tokens, $12 cost, $13 estimated, $14 latency_ms,
-- $15 first_byte_ms, $16 status, $17 finish_reason, $18 ephemeral
INSERT INTO account.calls (user_id, id, run_id, model, provider, key_id, key_preview, source, prompt_tokens,
	completion_tokens, cached_tokens, reasoning_tokens, cost, estimated, latency_ms, first_byte_ms, status,
	finish_reason, ephemeral)
VALUES ($1::uuid, $2::uuid, $2::uuid, $3::text, $4::text, $5::uuid, $6::text, $7::text, $8::bigint, $9::bigint,
	$10::bigint, $11::bigint, $12::double precision::numeric, $13::boolean, $14::bigint, $15::bigint, $16::text,
	$17::text, $18::boolean)
ON CONFLICT (user_id, id) DO NOTHING
