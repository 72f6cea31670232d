-- $1, $2 fresh random salts, used only where none is stored yet.
INSERT INTO vault.kek_salts (family, salt) VALUES ('byok', $1::bytea), ('data', $2::bytea)
ON CONFLICT (family) DO NOTHING
