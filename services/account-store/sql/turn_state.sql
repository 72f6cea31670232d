-- How things stand behind begin_turn, whether it wrote or not.
-- $1 user, $2 conversation, $3 branch, $4 the client's id for the question or NULL
-- columns: leaf, system_prompt_sealed; the question under that id: conversation_id, parent_id, branch_id, role,
--          content_sealed; its first answer: id, status, content_sealed, run_id, usage as JSON text
SELECT b.leaf_message_id, c.system_prompt_sealed,
	q.conversation_id, q.parent_id, q.branch_id, q.role, q.content_sealed,
	a.id, a.status, a.content_sealed, a.run_id,
	CASE WHEN num_nonnulls(a.prompt_tokens, a.completion_tokens, a.cost) > 0 THEN json_build_object(
		'promptTokens', a.prompt_tokens, 'completionTokens', a.completion_tokens,
		'cachedTokens', a.cached_tokens, 'reasoningTokens', a.reasoning_tokens,
		'cost', trim_scale(a.cost), 'estimated', a.estimated)::text END
FROM account.conversations c
JOIN account.branches b ON b.user_id = $1::uuid AND b.conversation_id = $2::uuid AND b.id = $3::uuid
LEFT JOIN account.messages q ON q.user_id = $1::uuid AND q.id = $4::uuid
LEFT JOIN LATERAL (
	SELECT * FROM account.messages f
	WHERE f.user_id = $1::uuid AND f.conversation_id = q.conversation_id AND f.parent_key = q.id
		AND f.branch_id = q.branch_id AND f.role = 'assistant'
	ORDER BY f.ordinal LIMIT 1
) a ON true
WHERE c.user_id = $1::uuid AND c.id = $2::uuid
