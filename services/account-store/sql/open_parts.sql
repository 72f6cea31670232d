-- Text of answers that are not folded yet: running, or their run was lost. Runs before the statement that
-- reads the messages, so that an answer finished in between is read folded.
-- $1 user, $2 conversation; columns: message_id, seq, text_sealed
SELECT p.message_id, p.seq, p.text_sealed
FROM account.messages m
JOIN account.message_parts p ON p.user_id = $1::uuid AND p.message_id = m.id
WHERE m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.content_sealed IS NULL
ORDER BY p.message_id, p.seq
