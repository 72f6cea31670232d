grove_fuzz_target(envelope USES grove_token)
grove_fuzz_target(peer_keys USES grove_token)
