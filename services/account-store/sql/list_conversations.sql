-- Newest activity first, from a place in that order.
-- $1 user, $2 archived, $3 and $4 last_active_at and id of the item before, $5 limit
-- columns: id, title_sealed, root_branch_id, active_branch_id, starred, archived, created_at, last_active_at,
--          settings (none here), system_prompt_sealed (none here)
SELECT id, title_sealed, root_branch_id, active_branch_id, starred, archived_at IS NOT NULL, created_at,
	last_active_at, NULL::text, NULL::bytea
FROM account.conversations
WHERE user_id = $1::uuid AND (archived_at IS NOT NULL) = $2::boolean
	AND (last_active_at, id) < ($3::timestamptz, $4::uuid)
ORDER BY last_active_at DESC, id DESC
LIMIT $5::bigint
