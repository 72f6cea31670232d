# SPDX-License-Identifier: MIT
"""What all integration tests share: see tests/support/grove/fixtures.py."""

from grove.fixtures import *  # noqa: F401,F403
