-- $1 user, $2 answer; columns: message_id, seq, text_sealed
SELECT message_id, seq, text_sealed FROM account.message_parts
WHERE user_id = $1::uuid AND message_id = $2::uuid
ORDER BY seq
