-- $1 user → live tokens, newest first.
SELECT id, name, scopes, created_at, expires_at, to_char(last_used_on, 'YYYY-MM-DD')
FROM auth.tokens
WHERE user_id = $1::uuid AND revoked_at IS NULL
ORDER BY created_at DESC, id
