-- Writers of one conversation come one after the other. First in their unit of work, so that the statement
-- behind it has a snapshot from after the wait.
-- $1 user, $2 id; columns: 1
SELECT 1 FROM account.conversations WHERE user_id = $1::uuid AND id = $2::uuid FOR UPDATE
