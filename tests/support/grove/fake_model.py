# SPDX-License-Identifier: MIT
"""@copilotkit/aimock as an OpenAI-compatible provider on a free port: the polite one."""

import json
import subprocess

import httpx

from .paths import TESTS, clean_environment, node


class FakeModel:
    """Answers of tests/support/aimock-fixtures.json; `delay_ms` is between the chunks of a stream."""

    def __init__(self, port=0, delay_ms=0, fixtures=TESTS / "support/aimock-fixtures.json"):
        self.process = subprocess.Popen([node(), TESTS / "support/aimock.mjs", str(port), str(delay_ms), str(fixtures)], text=True,
                                        env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line, "aimock did not start"
        self.origin = json.loads(line)["url"]
        self.port = int(self.origin.rsplit(":", 1)[1])
        self.base_url = f"{self.origin}/v1"

    def requests(self):
        """The bodies of all chat requests so far."""
        journal = httpx.get(f"{self.origin}/__aimock/journal", trust_env=False).json()
        entries = journal["entries"] if isinstance(journal, dict) else journal
        return [entry["body"] for entry in entries if "chat/completions" in entry.get("path", "")]

    def close(self):
        self.process.stdin.close()  # it ends with its parent
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
