# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# need_packages: installs what deploy/packages.txt names, tests included, and this machine lacks; the
# same code as deploy/up.

need_packages() (
	. deploy/lib/base.sh
	. deploy/lib/packages.sh
	install_packages runtime build test
)
