-- What a page of a path needs to exist.
-- $1 user, $2 conversation, $3 branch, $4 the message the page ends before, or NULL
-- columns: whether that message is there (true for NULL)
SELECT $4::uuid IS NULL OR EXISTS (
	SELECT FROM account.messages m
	WHERE m.user_id = $1::uuid AND m.conversation_id = $2::uuid AND m.id = $4::uuid)
FROM account.branches b
WHERE b.user_id = $1::uuid AND b.conversation_id = $2::uuid AND b.id = $3::uuid
