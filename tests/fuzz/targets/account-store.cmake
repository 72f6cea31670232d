grove_fuzz_target(account_text USES account-store_parts)
