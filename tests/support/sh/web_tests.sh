#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Type check and unit tests of services/web, with the node that need_node_tools has set.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../../services/web"
stamp=node_modules/.grove-lock
if ! cmp -s package-lock.json "$stamp"; then
	npm ci --no-audit --no-fund --loglevel=error
	cp package-lock.json "$stamp"
fi
PATH=$(dirname -- "$NODE"):$PATH
export PATH
npm run --silent check
npx --no-install vitest run
