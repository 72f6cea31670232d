-- columns: id, email, display_name, role, tier, disabled
SELECT id, email, display_name, role, tier, disabled_at IS NOT NULL FROM account.users WHERE kind = 'local'
