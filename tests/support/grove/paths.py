# SPDX-License-Identifier: MIT
"""Where things lie, and which build is tested."""

import os
import pathlib
import platform

ROOT = pathlib.Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests"
PRESET = os.environ.get("GROVE_PRESET", "release")
BIN = ROOT / "build" / PRESET / "bin"
MIGRATIONS = ROOT / "migrations"
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SCREENSHOTS = ROOT / "build/screenshots"
DAEMONS = ("gateway", "auth-verifier", "keyvault", "chat-proxy", "account-store", "vm-controller")
SANITIZED = PRESET == "asan"


def node():
    """The node that tests/package.json brings."""
    arch = "arm64" if platform.machine() == "aarch64" else "x64"
    return TESTS / f"node_modules/node-linux-{arch}/bin/node"


def clean_environment(**extra):
    """What a test's programs inherit: nothing of Grove's, PostgreSQL's or a proxy's settings."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("GROVE_", "PG", "AUTH_", "BYOK_", "DATA_", "PROVIDER_", "UPSTREAM_", "VM_"))
            and not name.lower().endswith("_proxy") and name != "ADMIN_EMAILS"}
    return kept | {"LC_ALL": "C.UTF-8"} | {name: str(value) for name, value in extra.items()}
