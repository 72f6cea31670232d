# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# build PRESET: configures and builds build/PRESET with the preset of CMakePresets.json, with ccache
# where it is installed. The same folders as deploy/up uses, so nothing is built twice.

build() {
	local preset=$1 launcher=()
	shift
	! command -v ccache >/dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
	cmake --preset "$preset" "${launcher[@]}" >"build/test-logs/configure-$preset.log" 2>&1 || {
		cat "build/test-logs/configure-$preset.log"
		return 1
	}
	cmake --build "build/$preset" -j "$(nproc)" "$@"
}
