-- $1 public id. Only the day is kept, so a busy token costs one write a day.
UPDATE auth.tokens SET last_used_on = current_date
WHERE public_id = $1::text AND last_used_on IS DISTINCT FROM current_date
