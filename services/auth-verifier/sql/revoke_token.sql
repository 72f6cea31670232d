-- $1 user, $2 id
UPDATE auth.tokens SET revoked_at = now()
WHERE user_id = $1::uuid AND id = $2::uuid AND revoked_at IS NULL
RETURNING id
