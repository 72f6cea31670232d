-- $1 user, $2 id, $3 public id, $4 SHA-256 of the secret, $5 name, $6 scopes, $7 expiry or NULL, $8 most live tokens of one person.
INSERT INTO auth.tokens (user_id, id, public_id, secret_sha256, name, scopes, expires_at)
SELECT $1::uuid, $2::uuid, $3::text, $4::bytea, $5::text, $6::text, $7::timestamptz
WHERE (SELECT count(*) FROM auth.tokens WHERE user_id = $1::uuid AND revoked_at IS NULL) < $8::bigint
RETURNING id
