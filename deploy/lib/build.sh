# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Builds what the state runs: the daemons by CMake and ninja, the pages by services/web/build. Both do
# nothing when nothing changed.

build_programs() {
	[[ -f $ROOT/CMakeLists.txt ]] || die "no CMakeLists.txt in $ROOT: is the checkout complete?"
	local log="$ROOT/build/up.log"
	say 'building the programs'
	# ninja runs CMake again by itself when a CMakeLists.txt changed.
	if ! { [[ -f $ROOT/build/$PRESET/build.ninja ]] || (cd -- "$ROOT" && cmake --preset "$PRESET"); } >"$log" 2>&1 ||
		! (cd -- "$ROOT" && cmake --build --preset "$PRESET") >>"$log" 2>&1; then
		tail -n 40 -- "$log" >&2
		die "the build failed; all of its output is in $log"
	fi
}

build_pages() {
	local log="$ROOT/build/web.log"
	[[ -x $ROOT/services/web/build ]] || return 0
	say 'building the pages'
	if ! (cd -- "$ROOT/services/web" && ./build) >"$log" 2>&1; then
		tail -n 40 -- "$log" >&2
		die "building the pages failed; all of its output is in $log"
	fi
}

check_programs() {
	local daemon
	for daemon in "${DAEMONS[@]}"; do
		[[ -x $BIN/$daemon ]] || die "the program $BIN/$daemon is missing"
	done
}
