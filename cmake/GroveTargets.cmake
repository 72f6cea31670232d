# The four kinds of thing this house builds.
#
#   grove_module(NAME SOURCES … [USES module…] [LINK library…])    a static library of common/
#   grove_daemon(NAME SOURCES … [SQL] [USES module…])              a program of services/, its pure part also as a library for unit tests
#   grove_unit_test(MODULE test_x.c… [USES target…])               one cmocka program per file
#   grove_fuzz_target(NAME [USES target…])                         tests/fuzz/fuzz_NAME.c; a corpus replay in ordinary builds, libFuzzer with GROVE_FUZZ
#
# Which module may use which stands once, in tests/lint/layers.txt.

find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent libevent_pthreads)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

function(grove_module name)
	cmake_parse_arguments(arg "" "" "SOURCES;USES;LINK" ${ARGN})
	add_library(grove_${name} STATIC ${arg_SOURCES})
	target_include_directories(grove_${name} PUBLIC "${CMAKE_SOURCE_DIR}/common")
	list(TRANSFORM arg_USES PREPEND grove_)
	target_link_libraries(grove_${name} PUBLIC ${arg_USES} ${arg_LINK})
endfunction()

# SQL files become an enum and a statement table: no SQL text stands in C.
function(grove_embed_sql target)
	file(GLOB sql CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/sql/*.sql")
	set(out "${CMAKE_CURRENT_BINARY_DIR}/generated/${target}")
	add_custom_command(
		OUTPUT "${out}/sql.h" "${out}/sql.c"
		COMMAND ${CMAKE_COMMAND} "-DSQL_DIR=${CMAKE_CURRENT_SOURCE_DIR}/sql" "-DOUT_DIR=${out}"
			-P "${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake"
		DEPENDS ${sql} "${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake"
		COMMENT "Embedding SQL of ${target}")
	target_sources(${target} PRIVATE "${out}/sql.c" "${out}/sql.h")
	target_include_directories(${target} PUBLIC "${out}")
endfunction()

function(grove_daemon name)
	cmake_parse_arguments(arg "SQL" "" "SOURCES;USES;LINK" ${ARGN})
	list(TRANSFORM arg_USES PREPEND grove_)
	add_library(${name}_parts STATIC ${arg_SOURCES})
	target_include_directories(${name}_parts PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
	target_link_libraries(${name}_parts PUBLIC grove_daemon ${arg_USES} ${arg_LINK})
	if(arg_SQL)
		grove_embed_sql(${name}_parts)
	endif()
	add_executable(${name} main.c)
	target_link_libraries(${name} PRIVATE ${name}_parts)
endfunction()

function(grove_unit_test module)
	cmake_parse_arguments(arg "" "" "USES" ${ARGN})
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
	foreach(file ${arg_UNPARSED_ARGUMENTS})
		get_filename_component(base ${file} NAME_WE)
		set(target "unit_${module}_${base}")
		add_executable(${target} ${file})
		target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/support")
		target_link_libraries(${target} PRIVATE ${arg_USES} PkgConfig::CMOCKA)
		add_test(NAME "unit/${module}/${base}" COMMAND ${target})
		set_tests_properties("unit/${module}/${base}" PROPERTIES TIMEOUT 120)
	endforeach()
endfunction()

function(grove_fuzz_target name)
	cmake_parse_arguments(arg "" "" "USES" ${ARGN})
	set(source "${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c")
	if(GROVE_FUZZ)
		add_executable(fuzz_${name} ${source})
		target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
	else()
		add_executable(fuzz_${name} ${source} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c")
		add_test(NAME "fuzz/${name}" COMMAND fuzz_${name} "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
		set_tests_properties("fuzz/${name}" PROPERTIES TIMEOUT 120)
	endif()
	target_compile_options(fuzz_${name} PRIVATE -Wno-missing-prototypes)
	target_link_libraries(fuzz_${name} PRIVATE ${arg_USES})
endfunction()
