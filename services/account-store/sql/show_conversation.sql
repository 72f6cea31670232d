-- $1 user, $2 id; columns: as list_conversations
SELECT id, title_sealed, root_branch_id, active_branch_id, starred, archived_at IS NOT NULL, created_at,
	last_active_at, settings::text, system_prompt_sealed
FROM account.conversations
WHERE user_id = $1::uuid AND id = $2::uuid
