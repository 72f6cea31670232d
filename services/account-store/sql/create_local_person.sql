-- The owner of an installation without sign-in. Repeatable, and safe when two do it at once.
-- $1 id of the new row, unused when there is one
INSERT INTO account.users (id, kind, role, tier) VALUES ($1::uuid, 'local', 'owner', 'pro')
ON CONFLICT (kind) WHERE kind = 'local' DO NOTHING
