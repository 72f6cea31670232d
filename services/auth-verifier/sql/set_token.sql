-- $1 public id of the token this unit is about. Makes its row visible for this transaction only.
SELECT set_config('app.token', $1::text, true)
