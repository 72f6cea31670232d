-- $1 user, $2 id
DELETE FROM vault.user_api_keys WHERE user_id = $1::uuid AND id = $2::uuid RETURNING id
