# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Installs missing Debian packages and nothing else: what is there is left alone, and a server that comes with
# a package (nginx, a PostgreSQL cluster) is neither started nor enabled, because Grove runs its own.

# Prints the entries of the given sections of deploy/packages.txt.
packages_of() {
	awk -v wanted=" $* " '
		/^#/ || /^[ \t]*$/ { next }
		/^\[/ { gsub(/[][]/, ""); inside = index(wanted, " " $0 " ") > 0; next }
		inside { print }' "$ROOT/deploy/packages.txt"
}

package_is_installed() {
	local state
	state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) && [[ $state == ?i* ]]
}

missing_packages() {
	local entry package program
	while IFS= read -r entry; do
		package=${entry%%:*}
		program=
		[[ $entry != *:* ]] || program=${entry#*:}
		package_is_installed "$package" && continue
		[[ -n $program ]] && command -v "$program" >/dev/null && continue
		printf '%s\n' "$package"
	done < <(packages_of "$@")
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		return 126
	fi
}

install_packages() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	say "installing from Debian: ${missing[*]}"
	if ((EUID != 0)) && ! command -v sudo >/dev/null; then
		die "not root and no sudo here. As root: apt-get install --no-install-recommends ${missing[*]}"
	fi
	local log
	log=$(mktemp)
	if ! as_root bash "$ROOT/deploy/lib/apt-install" "${missing[@]}" >"$log" 2>&1 </dev/null; then
		tail -n 20 -- "$log" >&2
		rm -f -- "$log"
		die 'installing packages failed'
	fi
	rm -f -- "$log"
}
