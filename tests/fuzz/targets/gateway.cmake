grove_fuzz_target(door USES gateway_parts)
