grove_fuzz_target(wire USES grove_http)
grove_fuzz_target(sse USES grove_http)
grove_fuzz_target(http USES grove_http)
