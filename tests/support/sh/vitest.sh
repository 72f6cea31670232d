# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# run_web_tests: type check and unit tests of services/web, counted one by one.

run_web_tests() {
	local out=build/test-logs/web.log status line p=0 f=0 s=0
	tests/support/sh/web_tests.sh 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	line=$(grep -E '^ +Tests ' "$out" | tail -n 1)
	[[ ! $line =~ ([0-9]+)\ passed ]] || p=${BASH_REMATCH[1]}
	[[ ! $line =~ ([0-9]+)\ failed ]] || f=${BASH_REMATCH[1]}
	[[ ! $line =~ ([0-9]+)\ skipped ]] || s=${BASH_REMATCH[1]}
	((status == 0 && p > 0 || f > 0)) || f=1
	add "$p" "$f" "$s"
}
