-- A conversation of ten thousand messages takes a second or two to delete; the role's limit is for queries.
SELECT set_config('statement_timeout', '9000', true)
