# Compiler and linker flags of the whole house. Warnings are errors; the hardening half is read back
# from the built binaries by tests/lint/hardening.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")

add_compile_definitions(_GNU_SOURCE GROVE_VERSION="${PROJECT_VERSION}")
add_compile_options(
	-Wall -Wextra -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
	-Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wvla -Wundef -Wpointer-arith
	-Wcast-align -Wimplicit-fallthrough
	-fno-common -fno-strict-aliasing -fstack-protector-strong -fstack-clash-protection -fcf-protection)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	add_compile_options(-Wjump-misses-init -Wduplicated-cond -Wlogical-op -ftrivial-auto-var-init=zero)
endif()
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed)

if(GROVE_SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
	add_compile_definitions(GROVE_SANITIZE=1)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(GROVE_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
