# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What every script of deploy/ starts with: the names of the daemons, where things lie, how to speak to the
# person who runs them, and how to quote.

# shellcheck disable=SC2034 # the sourcing scripts use these
readonly DAEMONS=(gateway auth-verifier keyvault chat-proxy account-store vm-controller)
readonly SERVICES=(postgres keyvault account-store auth-verifier chat-proxy vm-controller gateway nginx)
readonly EXIT_FAILED=1 EXIT_SETTINGS=2 EXIT_PORT_TAKEN=3

# The checkout. Programs, pages and migrations are used from here; the state holds nothing of them.
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
# Tests run programs of another build by its preset (tests/support/grove/stack.py).
PRESET=${GROVE_PRESET:-release}
readonly ROOT PRESET BIN="$ROOT/build/$PRESET/bin" WEB="$ROOT/services/web/dist"

say() {
	printf 'grove: %s\n' "$*"
}

complain() {
	printf 'grove: %s\n' "$*" >&2
}

die() {
	complain "$@"
	exit "$EXIT_FAILED"
}

# Sets STATE to the absolute path of the state directory: GROVE_STATE, or var in the checkout.
find_state() {
	local given=${GROVE_STATE:-$ROOT/var}
	[[ $given == /* ]] || given=$PWD/$given
	STATE=$(realpath -m -- "$given")
	local path
	for path in "$STATE" "$ROOT"; do
		# nginx has no way to write a dollar sign or a double quote in a path.
		[[ $path != *[\$\"\\[:cntrl:]]* ]] ||
			die "the path '$path' contains a dollar sign, double quote, backslash or control character;" \
				'please use another one'
	done
	readonly STATE
	export GROVE_STATE=$STATE
}

# Sets QUOTED to the value quoted for sh: run scripts are sh and hold paths with any character.
sh_quote() {
	QUOTED="'${1//\'/\'\\\'\'}'"
}

# Sets QUOTED to the value quoted for a libpq connection string.
conninfo_quote() {
	local s=${1//\\/\\\\}
	QUOTED="'${s//\'/\\\'}'"
}

# write_private PATH TEXT: a file only its owner can read, whole or not at all. One that says the same already is
# left alone. The text is an argument of a shell function, which no process list shows.
write_private() {
	local path=$1 text=$2 old=
	[[ ! -f $path ]] || IFS= read -r -d '' old <"$path" || true
	[[ ! -f $path || $old != "$text" ]] || return 0
	(
		umask 077
		printf '%s' "$text" >"$path.new"
	)
	mv -f -- "$path.new" "$path"
}

# Takes a lock for as long as this process lives. The descriptor must be closed in whatever outlives it.
take_lock() {
	local path=$1 fd=$2 what=$3
	eval "exec $fd>>\"\$path\""
	flock -n "$fd" && return
	say "waiting for another $what to finish"
	flock -w 900 "$fd" || die "another $what still runs after 15 minutes; is it stuck?"
}
