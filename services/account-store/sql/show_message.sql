-- $1 user, $2 conversation, $3 id
-- columns: id, parent_id, branch_id, role, content_sealed, created_at, status, run_id, model, provider,
--          finish_reason, usage as JSON text, index among its siblings (from 0), their count, their ids as JSON
SELECT m.id, m.parent_id, m.branch_id, m.role, m.content_sealed, m.created_at, m.status, m.run_id, m.model,
	m.provider, m.finish_reason,
	CASE WHEN num_nonnulls(m.prompt_tokens, m.completion_tokens, m.cost) > 0 THEN json_build_object(
		'promptTokens', m.prompt_tokens, 'completionTokens', m.completion_tokens,
		'cachedTokens', m.cached_tokens, 'reasoningTokens', m.reasoning_tokens,
		'cost', trim_scale(m.cost), 'estimated', m.estimated)::text END,
	s.index, s.count, s.ids
FROM account.messages m
CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE o.ordinal < m.ordinal) AS index, count(*) AS count,
		json_agg(o.id ORDER BY o.ordinal)::text AS ids
	FROM account.messages o
	WHERE o.user_id = $1::uuid AND o.conversation_id = $2::uuid AND o.parent_key = m.parent_key
		AND o.branch_id = m.branch_id
) s
WHERE m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.id = $3::uuid
