# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# run_ctest PRESET [ctest options…]: runs build/PRESET's tests and adds what ctest counted.

run_ctest() {
	local preset=$1 out=build/test-logs/ctest-$1.log status failures total not_run
	shift
	ctest --test-dir "build/$preset" -j "$(nproc)" --output-on-failure "$@" 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	if [[ $(grep -E 'tests passed, ' "$out") =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
		failures=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
		not_run=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$out")
		add $((total - failures - not_run)) "$failures" "$not_run"
	elif ((status != 0)); then
		add 0 1
	fi
}
