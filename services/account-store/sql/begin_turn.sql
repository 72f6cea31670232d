-- A question and the placeholder of its answer, and the leaf moves: only if the leaf is still the one that was
-- seen. No row: it moved. Behind lock_conversation.
-- $1 user, $2 conversation, $3 branch, $4 leaf as seen or NULL, $5 parent or NULL, $6 id and $7 content_sealed of
-- the question, $8 id of the answer, $9 run, $10 model, $11 provider, $12 title_sealed for a conversation
-- without one
-- columns: id of the answer
WITH moved AS (
	UPDATE account.branches SET leaf_message_id = $8::uuid
	WHERE user_id = $1::uuid AND conversation_id = $2::uuid AND id = $3::uuid
		AND leaf_message_id IS NOT DISTINCT FROM $4::uuid
	RETURNING id
), place AS (
	SELECT COALESCE((SELECT p.depth + 1 FROM account.messages p
			WHERE p.user_id = $1::uuid AND p.conversation_id = $2::uuid AND p.id = $5::uuid), 0) AS depth,
		COALESCE((SELECT max(o.ordinal) + 1 FROM account.messages o
			WHERE o.user_id = $1::uuid AND o.conversation_id = $2::uuid
				AND o.parent_key = COALESCE($5::uuid, '00000000-0000-0000-0000-000000000000')), 0) AS ordinal
	FROM moved
), question AS (
	INSERT INTO account.messages (user_id, conversation_id, id, branch_id, parent_id, ordinal, depth, role,
		content_sealed, status, finished_at)
	SELECT $1::uuid, $2::uuid, $6::uuid, $3::uuid, $5::uuid, ordinal, depth, 'user', $7::bytea, 'completed', now()
	FROM place
), answer AS (
	INSERT INTO account.messages (user_id, conversation_id, id, branch_id, parent_id, ordinal, depth, role,
		status, run_id, model, provider)
	SELECT $1::uuid, $2::uuid, $8::uuid, $3::uuid, $6::uuid, 0, depth + 1, 'assistant', 'running', $9::uuid,
		$10::text, $11::text
	FROM place
), run AS (
	INSERT INTO account.runs (user_id, message_id, conversation_id, run_id)
	SELECT $1::uuid, $8::uuid, $2::uuid, $9::uuid FROM place
), touched AS (
	UPDATE account.conversations c SET last_active_at = now(), active_branch_id = $3::uuid,
		title_sealed = COALESCE(c.title_sealed, $12::bytea)
	FROM place WHERE c.user_id = $1::uuid AND c.id = $2::uuid
)
SELECT $8::uuid FROM place
