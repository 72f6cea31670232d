-- Given keys replace, null removes.
-- $1 user, $2 patch as JSON text; columns: body as JSON text
INSERT INTO account.preferences AS p (user_id, body)
VALUES ($1::uuid, jsonb_strip_nulls($2::text::jsonb))
ON CONFLICT (user_id) DO UPDATE
SET body = jsonb_strip_nulls(p.body || $2::text::jsonb), updated_at = now()
RETURNING body::text
