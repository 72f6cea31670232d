-- Names the one person this unit of work looks for (see account.users in migrations/0002_account.sql).
-- $1 'local', 'id:…' or 'email:…'
SELECT set_config('app.person', $1::text, true)
