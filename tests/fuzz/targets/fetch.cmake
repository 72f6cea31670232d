grove_fuzz_target(guard_url USES grove_fetch)
