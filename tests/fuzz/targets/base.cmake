grove_fuzz_target(text USES grove_log)
grove_fuzz_target(config USES grove_config)
