-- An answer and its run.
-- $1 user, $2 answer
-- columns: conversation_id, parent_id, run_id, folded, last_seq (NULL when the run is over)
SELECT m.conversation_id, m.parent_id, m.run_id, m.content_sealed IS NOT NULL, r.last_seq
FROM account.messages m
LEFT JOIN account.runs r ON r.user_id = $1::uuid AND r.message_id = m.id
WHERE m.user_id = $1::uuid AND m.id = $2::uuid AND m.role = 'assistant'
