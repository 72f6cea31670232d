-- Branches, messages, parts and runs go by the foreign keys; request log rows lose the reference.
-- $1 user, $2 id
DELETE FROM account.conversations WHERE user_id = $1::uuid AND id = $2::uuid
