-- The chain from a message to its root, for the model. A chain that passes a limit comes without its oldest
-- nodes: the first row then has a parent.
-- $1 user, $2 conversation, $3 the last message, $4 how many nodes, $5 how many bytes of sealed text
-- columns: id, parent_id, branch_id, role, content_sealed; for the first question of a branch that starts at a
--          span: quote_sealed; depth
WITH RECURSIVE path AS (
	SELECT m.id, m.parent_id, m.depth, 1 AS n, COALESCE(octet_length(m.content_sealed), 0)::bigint AS bytes
	FROM account.messages m
	WHERE m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.id = $3::uuid
	UNION ALL
	SELECT p.id, p.parent_id, p.depth, c.n + 1, c.bytes + COALESCE(octet_length(p.content_sealed), 0)
	FROM path c
	JOIN account.messages p ON p.user_id = $1::uuid AND p.conversation_id = $2::uuid AND p.id = c.parent_id
	WHERE c.n < $4::bigint AND c.bytes + COALESCE(octet_length(p.content_sealed), 0) <= $5::bigint
)
SELECT m.id, m.parent_id, m.branch_id, m.role, m.content_sealed,
	CASE WHEN m.role = 'user' AND m.parent_id = b.anchor_message_id THEN b.quote_sealed END, m.depth
FROM path
JOIN account.messages m ON m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.id = path.id
JOIN account.branches b ON b.user_id = $1::uuid AND b.conversation_id = $2::uuid AND b.id = m.branch_id
ORDER BY path.depth
