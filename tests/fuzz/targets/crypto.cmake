grove_fuzz_target(seal USES grove_crypto)
