-- $1 user; columns: body as JSON text
SELECT body::text FROM account.preferences WHERE user_id = $1::uuid
