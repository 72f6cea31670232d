-- A conversation and its root branch point at each other, so they come in one statement.
-- $1 user, $2 id, $3 id of the root branch, $4 title_sealed, $5 settings as JSON text, $6 system_prompt_sealed
-- columns: as list_conversations
WITH root AS (
	INSERT INTO account.branches (user_id, conversation_id, id) VALUES ($1::uuid, $2::uuid, $3::uuid)
)
INSERT INTO account.conversations
	(user_id, id, title_sealed, settings, system_prompt_sealed, root_branch_id, active_branch_id)
VALUES ($1::uuid, $2::uuid, $4::bytea, COALESCE(jsonb_strip_nulls($5::text::jsonb), '{}'), $6::bytea,
	$3::uuid, $3::uuid)
RETURNING id, title_sealed, root_branch_id, active_branch_id, starred, archived_at IS NOT NULL, created_at,
	last_active_at, settings::text, system_prompt_sealed
