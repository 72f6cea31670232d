-- What is NULL stays as it is.
-- $1 user, $2 id, $3 title_sealed, $4 settings patch as JSON text, $5 whether the system prompt changes,
-- $6 system_prompt_sealed, $7 archived, $8 starred, $9 active_branch_id; columns: as list_conversations
UPDATE account.conversations SET
	title_sealed = COALESCE($3::bytea, title_sealed),
	settings = CASE WHEN $4::text IS NULL THEN settings
		ELSE jsonb_strip_nulls(settings || $4::text::jsonb) END,
	system_prompt_sealed = CASE WHEN $5::boolean THEN $6::bytea ELSE system_prompt_sealed END,
	archived_at = CASE $7::boolean WHEN true THEN COALESCE(archived_at, now()) WHEN false THEN NULL
		ELSE archived_at END,
	starred = COALESCE($8::boolean, starred),
	active_branch_id = COALESCE($9::uuid, active_branch_id)
WHERE user_id = $1::uuid AND id = $2::uuid
RETURNING id, title_sealed, root_branch_id, active_branch_id, starred, archived_at IS NOT NULL, created_at,
	last_active_at, settings::text, system_prompt_sealed
