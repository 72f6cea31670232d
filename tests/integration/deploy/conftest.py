# SPDX-License-Identifier: MIT
"""Fixtures of the tests of deploy/ and migrations/; deploy_kit.py has what they are made of."""

import pathlib
import shutil
import sys
import tempfile

import pytest

# Test modules are imported by path here, so a module beside them has to be made findable.
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from deploy_kit import Cluster, Project, State  # noqa: E402


@pytest.fixture(scope="session")
def cluster():
    server = Cluster()
    yield server
    server.stop()


@pytest.fixture
def database(cluster, request):
    """The name of an empty database. Roles belong to the cluster, so they are dropped with it."""
    name = "t_" + str(abs(hash(request.node.nodeid)) % 10**9)
    cluster.sql("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    cluster.sql("postgres", f"DROP DATABASE {name} WITH (FORCE)")
    for role in ("grove_auth", "grove_vault", "grove_account", "grove_vm", "grove_owner"):
        cluster.sql("postgres", f"DROP ROLE IF EXISTS {role}")

@pytest.fixture(scope="session")
def project():
    # Not below pytest's own folder: each pytest that starts closes it, and services would lose their files.
    with tempfile.TemporaryDirectory(prefix="grove-deploy-") as folder:
        yield Project(pathlib.Path(folder) / "it's my project")


@pytest.fixture(scope="module")
def make_state(project):
    """Makes states, and takes all of them down at the end."""
    made = []

    def make(name="a state", **settings):
        made.append(State(project, pathlib.Path(tempfile.mkdtemp(prefix="grove-states-")) / name, **settings))
        return made[-1]

    yield make
    for state in made:
        state.down()
    for state in made:
        assert state.processes() == []
        shutil.rmtree(state.folder.parent)


@pytest.fixture(scope="module")
def state(make_state):
    """A state that is up; tests leave it up."""
    state = make_state()
    state.up()
    return state
