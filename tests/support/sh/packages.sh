# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# need_packages: installs what deploy/packages.txt and tests/packages.txt name and this machine lacks.
#
# A line is a Debian package, or package:command where any program of that name in PATH will do (a
# machine may have a newer node from elsewhere, and Debian's would replace it).

missing_packages() {
	local line package command
	while read -r line _; do
		[[ -n $line && $line != '#'* ]] || continue
		package=${line%%:*}
		command=${line#*:}
		if [[ $line == *:* ]] && command -v -- "$command" >/dev/null; then
			continue
		fi
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
	done < <(cat -- "$@")
}

need_packages() {
	local lists=() list missing sudo=()
	for list in deploy/packages.txt tests/packages.txt; do
		[[ ! -e $list ]] || lists+=("$list")
	done
	mapfile -t missing < <(missing_packages "${lists[@]}" | sort -u)
	((${#missing[@]} > 0)) || return 0
	((EUID == 0)) || sudo=(sudo)
	echo "installing: ${missing[*]}"
	"${sudo[@]}" apt-get update -q &&
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}
