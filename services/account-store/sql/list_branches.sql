-- The tree's outline. A conversation that exists has at least its root branch.
-- $1 user, $2 conversation
-- columns: id, parent_id, anchor_message_id, span_start, span_end, quote_sealed, title_sealed, leaf_message_id,
--          archived, created_at, message_count (on the branch's own part of its path)
SELECT b.id, b.parent_id, b.anchor_message_id, b.span_start, b.span_end, b.quote_sealed, b.title_sealed,
	b.leaf_message_id, b.archived_at IS NOT NULL, b.created_at,
	COALESCE(leaf.depth, -1) - COALESCE(anchor.depth, -1)
FROM account.branches b
LEFT JOIN account.messages leaf
	ON leaf.user_id = $1::uuid AND leaf.conversation_id = $2::uuid AND leaf.id = b.leaf_message_id
LEFT JOIN account.messages anchor
	ON anchor.user_id = $1::uuid AND anchor.conversation_id = $2::uuid AND anchor.id = b.anchor_message_id
WHERE b.user_id = $1::uuid AND b.conversation_id = $2::uuid
ORDER BY b.created_at, b.id
