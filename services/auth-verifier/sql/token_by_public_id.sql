-- $1 public id → the token, unless it is revoked. Expiry is judged by the caller, whose clock it is.
SELECT user_id, id, secret_sha256, scopes, expires_at, last_used_on IS DISTINCT FROM current_date
FROM auth.tokens
WHERE public_id = $1::text AND revoked_at IS NULL
