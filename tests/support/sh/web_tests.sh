#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Type check and unit tests of services/web, with the node that need_node_tools has set.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../../services/web"
PATH=$(dirname -- "$NODE"):$PATH
export PATH
# Where CI is set, colours would be forced into what is counted.
export NO_COLOR=1
./build --with-tests
npm run --silent check
npx --no-install vitest run
