-- Every KEK that ever wrapped something.
SELECT family, kek_id, canary_sealed FROM vault.kek_versions ORDER BY created_at
