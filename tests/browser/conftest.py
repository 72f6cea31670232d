# SPDX-License-Identifier: MIT
"""What the browser tests share: a house, a model that speaks at a readable pace, and a way to run a script of tests/browser."""

import subprocess

import pytest
from grove.fake_model import FakeModel
from grove.fixtures import *  # noqa: F401,F403
from grove.paths import SCREENSHOTS, TESTS, clean_environment, node


@pytest.fixture(scope="session")
def fake_model():
    model = FakeModel(delay_ms=40)
    yield model
    model.close()


@pytest.fixture
def run_script(stack, fake_model):
    """Runs tests/browser/NAME.mjs; a failed step has left a screenshot NAME-failed.png."""
    def run(name, **more):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        env = clean_environment(GROVE_URL=stack.url, MODEL_URL=fake_model.base_url, SHOTS=SCREENSHOTS, HOME="/tmp", **more)
        result = subprocess.run([node(), TESTS / f"browser/{name}.mjs"], env=env, check=False, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout
    return run
