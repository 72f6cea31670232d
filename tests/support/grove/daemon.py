# SPDX-License-Identifier: MIT
"""One program of build/<preset>/bin on its own, for tests that speak to a daemon directly.

    with Daemon("keyvault", **postgres.daemon_settings("keyvault"), GROVE_PEER_KEYS_FILE=keys.file("keyvault")) as vault:
        vault.port
"""

import pathlib
import signal
import subprocess
import tempfile

from . import logs
from .paths import BIN, clean_environment
from .wait import wait_until


class Daemon:
    event = "daemon.ready"  # what start() waits for

    def __init__(self, name, expected_errors=(), **settings):
        self.name = name
        self.expected_errors = set(expected_errors)
        self.settings = {"GROVE_LISTEN": "127.0.0.1:0", "GROVE_OPS_LISTEN": "127.0.0.1:0"} | settings
        self.log_file = pathlib.Path(tempfile.mkstemp(prefix=f"grove-{name}-", suffix=".log")[1])
        self.process = None
        self.port = self.ops_port = None

    def start(self):
        """Starts it and waits for its event."""
        env = clean_environment(**self.settings)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen([BIN / self.name], env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ready = wait_until(self._ready_event, f"{self.event} of {self.name}")
        self.port = int(ready["listen"].rsplit(":", 1)[1])
        self.ops_port = int(ready["ops"].rsplit(":", 1)[1])
        return self

    def _ready_event(self):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.log()}"
        return next((e for e in logs.events(self.log()) if e["event"] == self.event), None)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def stop(self):
        """SIGTERM; demands exit 0, no sanitizer report and no error that the test did not announce."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none within 20 s"
        self.process = None
        text = self.log()
        assert not logs.sanitizer_reports(text), f"{self.name}: sanitizer report\n{text}"
        assert status == 0, f"{self.name} ended with {status}\n{text}"
        unexpected = logs.errors(text, self.expected_errors)
        assert not unexpected, f"{self.name} logged errors: {unexpected}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            if kind is None:
                raise
        finally:
            if kind is not None:
                print(f"---- log of {self.name}\n{self.log()}")
            self.log_file.unlink()
