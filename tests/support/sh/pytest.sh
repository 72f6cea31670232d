# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# run_pytest NAME [pytest options…]: runs Debian's pytest and adds what it counted. An error outside a
# test counts as a failure; no test at all is a failure too.

run_pytest() {
	local out=build/test-logs/pytest-$1.log status line
	shift
	"$PYTHON" -m pytest -c tests/pytest.ini --rootdir tests "$@" 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	line=$(tail -n 1 "$out")
	count() { [[ $line =~ ([0-9]+)\ ($1) ]] && echo "${BASH_REMATCH[1]}" || echo 0; }
	local p f e s
	p=$(count passed) f=$(count failed) e=$(count 'error|errors') s=$(count skipped)
	((status == 0 || f + e > 0)) || f=1
	add "$p" $((f + e)) "$s"
}
