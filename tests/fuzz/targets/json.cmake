grove_fuzz_target(json USES grove_json)
target_link_libraries(fuzz_json PRIVATE PkgConfig::CJSON)
