# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every script in tests/sections/ sources first: it stands in the project's root, has the clean
# environment tests run in, and counts.
#
#	check NAME command…    runs a command as one test
#	skip NAME reason       counts a test that cannot run here
#	close_section          prints the counts, the section's last line; exits

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." || exit 1
mkdir -p build/test-logs
export PYTHON=/usr/bin/python3 LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# A developer's own PostgreSQL and proxies are none of the tests' business.
unset "${!PG@}" http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
passed=0 failed=0 skipped=0

check() {
	local name=$1 start=$SECONDS
	shift
	if "$@"; then
		((passed += 1))
		printf 'ok      %s (%d s)\n' "$name" $((SECONDS - start))
	else
		((failed += 1))
		printf 'FAILED  %s (%d s)\n' "$name" $((SECONDS - start))
	fi
}

skip() {
	((skipped += 1))
	printf 'skipped %s: %s\n' "$1" "$2"
}

# Adds the counts of another runner's closing line.
add() {
	((passed += $1, failed += $2, skipped += ${3:-0}))
}

close_section() {
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	((failed == 0))
	exit
}
