-- Another answer beside one that exists, and the leaf moves: only if it is still the one that was seen.
-- No row: it moved. Behind lock_conversation.
-- $1 user, $2 conversation, $3 branch, $4 leaf as seen or NULL, $5 the question, $6 id of the answer, $7 run,
-- $8 model, $9 provider
-- columns: id of the answer
WITH moved AS (
	UPDATE account.branches SET leaf_message_id = $6::uuid
	WHERE user_id = $1::uuid AND conversation_id = $2::uuid AND id = $3::uuid
		AND leaf_message_id IS NOT DISTINCT FROM $4::uuid
	RETURNING id
), place AS (
	SELECT p.depth + 1 AS depth,
		COALESCE((SELECT max(o.ordinal) + 1 FROM account.messages o
			WHERE o.user_id = $1::uuid AND o.conversation_id = $2::uuid AND o.parent_key = $5::uuid), 0) AS ordinal
	FROM moved, account.messages p
	WHERE p.user_id = $1::uuid AND p.conversation_id = $2::uuid AND p.id = $5::uuid
), answer AS (
	INSERT INTO account.messages (user_id, conversation_id, id, branch_id, parent_id, ordinal, depth, role,
		status, run_id, model, provider)
	SELECT $1::uuid, $2::uuid, $6::uuid, $3::uuid, $5::uuid, ordinal, depth, 'assistant', 'running', $7::uuid,
		$8::text, $9::text
	FROM place
), run AS (
	INSERT INTO account.runs (user_id, message_id, conversation_id, run_id)
	SELECT $1::uuid, $6::uuid, $2::uuid, $7::uuid FROM place
), touched AS (
	UPDATE account.conversations c SET last_active_at = now(), active_branch_id = $3::uuid
	FROM place WHERE c.user_id = $1::uuid AND c.id = $2::uuid
)
SELECT $6::uuid FROM place
