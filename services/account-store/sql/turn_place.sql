-- Facts from which tree.c decides where a turn goes. No row: no such conversation.
-- $1 user, $2 conversation, $3 branch or NULL, $4 the named message (parent, or the answer to write again) or
-- NULL, $5 the client's id for the new message or NULL
-- columns: has_title, wanted branch: id, anchor, leaf; named message: id, parent_id, branch_id, role; the named
--          message's own branch (the root branch without one): id, anchor, leaf; whether $5 is taken, and where
SELECT c.title_sealed IS NOT NULL, wanted.id, wanted.anchor_message_id, wanted.leaf_message_id,
	named.id, named.parent_id, named.branch_id, named.role,
	own.id, own.anchor_message_id, own.leaf_message_id,
	taken.conversation_id
FROM account.conversations c
LEFT JOIN account.branches wanted ON wanted.user_id = $1::uuid AND wanted.conversation_id = $2::uuid
	AND wanted.id = COALESCE($3::uuid, c.active_branch_id)
LEFT JOIN account.messages named ON named.user_id = $1::uuid AND named.conversation_id = $2::uuid
	AND named.id = $4::uuid
LEFT JOIN account.branches own ON own.user_id = $1::uuid AND own.conversation_id = $2::uuid
	AND own.id = COALESCE(named.branch_id, c.root_branch_id)
LEFT JOIN account.messages taken ON taken.user_id = $1::uuid AND taken.id = $5::uuid
WHERE c.user_id = $1::uuid AND c.id = $2::uuid
