-- The newest nodes of one chain, walked from the leaf towards the root, with each node's place among its
-- siblings (same parent, same branch). Ends early when the texts pass a size; the first node always comes.
-- $1 user, $2 conversation, $3 branch, $4 the message the page ends before, or NULL for the leaf,
-- $5 how many nodes, $6 how many bytes of sealed text
-- columns: as show_message, newest first
WITH RECURSIVE path AS (
	SELECT m.id, m.parent_id, 1 AS n, COALESCE(octet_length(m.content_sealed), 0)::bigint AS bytes
	FROM account.messages m
	WHERE m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.id = CASE
		WHEN $4::uuid IS NULL THEN (
			SELECT b.leaf_message_id FROM account.branches b
			WHERE b.user_id = $1::uuid AND b.conversation_id = $2::uuid AND b.id = $3::uuid)
		ELSE (
			SELECT e.parent_id FROM account.messages e
			WHERE e.user_id = $1::uuid AND e.conversation_id = $2::uuid AND e.id = $4::uuid)
		END
	UNION ALL
	SELECT p.id, p.parent_id, c.n + 1, c.bytes + COALESCE(octet_length(p.content_sealed), 0)
	FROM path c
	JOIN account.messages p ON p.user_id = $1::uuid AND p.conversation_id = $2::uuid AND p.id = c.parent_id
	WHERE c.n < $5::bigint AND c.bytes + COALESCE(octet_length(p.content_sealed), 0) <= $6::bigint
)
SELECT m.id, m.parent_id, m.branch_id, m.role, m.content_sealed, m.created_at, m.status, m.run_id, m.model,
	m.provider, m.finish_reason,
	CASE WHEN num_nonnulls(m.prompt_tokens, m.completion_tokens, m.cost) > 0 THEN json_build_object(
		'promptTokens', m.prompt_tokens, 'completionTokens', m.completion_tokens,
		'cachedTokens', m.cached_tokens, 'reasoningTokens', m.reasoning_tokens,
		'cost', trim_scale(m.cost), 'estimated', m.estimated)::text END,
	s.index, s.count, s.ids
FROM path
JOIN account.messages m ON m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.id = path.id
CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE o.ordinal < m.ordinal) AS index, count(*) AS count,
		json_agg(o.id ORDER BY o.ordinal)::text AS ids
	FROM account.messages o
	WHERE o.user_id = $1::uuid AND o.conversation_id = $2::uuid AND o.parent_key = m.parent_key
		AND o.branch_id = m.branch_id
) s
ORDER BY path.n
