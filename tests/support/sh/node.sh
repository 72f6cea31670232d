# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# need_node_tools: installs tests/package.json into tests/node_modules when its lock changed, and sets
# NODE to a node new enough for it. Debian's own node only has to run npm; a newer one comes as a
# package of the lock and stays inside the project.

need_node_tools() {
	local stamp=tests/node_modules/.grove-lock arch
	if ! cmp -s tests/package-lock.json "$stamp"; then
		(cd tests && npm ci --no-audit --no-fund --loglevel=error) || return 1
		cp tests/package-lock.json "$stamp"
	fi
	case $(uname -m) in
	aarch64) arch=arm64 ;;
	*) arch=x64 ;;
	esac
	NODE=$PWD/tests/node_modules/node-linux-$arch/bin/node
	export NODE
	"$NODE" --version
}
