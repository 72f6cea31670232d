# SPDX-License-Identifier: MIT
"""Many at once, PostgreSQL gone in the middle, kill -9: no half a key, and everything acknowledged is there."""

import concurrent.futures

import httpx
import pytest
from grove.envelope import Peer
from grove.wait import wait_until

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"


def at_once(count, function):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))


def test_data_key_is_made_once_however_many_ask_first(vault):
    ann = vault.person()

    def ask(_):
        with Peer(vault.keys, "account-store", "keyvault", vault.daemon.port, ann.id) as peer:
            return peer.call("POST", "/internal/data-keys")

    answers = at_once(50, ask)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert vault.sql(f"SELECT count(*) FROM vault.user_data_keys WHERE user_id = '{ann.id}'") == "1"


def test_first_keys_of_a_person_at_once_share_a_data_key(vault):
    ann = vault.person()

    def save(n):
        with Peer(vault.keys, "gateway", "keyvault", vault.daemon.port, ann.id) as peer:
            return peer.call("POST", "/v1/api-keys", {"provider": "openai", "key": f"sk-{n:020}"}).json()["id"]

    ids = at_once(20, save)
    assert {item["id"] for item in ann.keys()} == set(ids)
    opened = {vault.reader().api_key(ann.id, key, "https://api.openai.com:443") for key in ids}
    assert opened == {f"sk-{n:020}" for n in range(20)}


@pytest.fixture(scope="module")
def own_cluster(vault_cluster):
    """A cluster that may be stopped."""
    made = type(vault_cluster)()
    yield made
    made.close()


@pytest.fixture
def frail_vault(own_cluster, running_vault, tmp_path):
    made = type(running_vault)(own_cluster, tmp_path)
    made.start()
    yield made
    made.stop()


def test_postgresql_killed_between_and_during_writes_leaves_no_half_row(frail_vault, own_cluster):
    """Keys are saved without a pause while the server goes and comes back. What was acknowledged is there and opens; what was not is there whole or not at all."""
    ann = frail_vault.person()
    answers, stopped = [], []

    def save():
        with Peer(frail_vault.keys, "gateway", "keyvault", frail_vault.daemon.port, ann.id) as peer:
            while not stopped:
                answers.append(peer.call("POST", "/v1/api-keys", {"provider": "openai", "key": KEY, "keyName": "n"}))
                if len(answers) % 10 == 9:  # stay below the limit
                    for item in peer.call("GET", "/v1/api-keys").json().get("items", [])[:-20]:
                        deleted.append(item["id"])
                        peer.call("DELETE", f"/v1/api-keys/{item['id']}")

    deleted = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [pool.submit(save) for _ in range(2)]
        wait_until(lambda: sum(a.status_code == 201 for a in answers) >= 10, "some keys")
        own_cluster.stop("immediate")
        wait_until(lambda: answers[-1].status_code == 503, "the first refusals")
        own_cluster.start()
        before = len(answers)
        wait_until(lambda: any(a.status_code == 201 for a in answers[before:]), "keys again")
        stopped.append(True)
        [one.result() for one in running]
    assert {answer.status_code for answer in answers} <= {201, 503, 409}
    assert all(a.json()["error"]["code"] == "unavailable" and KEY not in a.text for a in answers if a.status_code == 503)
    there = {item["id"] for item in ann.keys()}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert made - set(deleted) <= there
    for key in there:
        assert frail_vault.reader().api_key(ann.id, key, "https://api.openai.com:443") == KEY
    assert ann.lease("openai")["key"] == KEY
    assert frail_vault.sql(f"SELECT count(*) FROM vault.user_data_keys WHERE user_id = '{ann.id}'") == "1"


def test_daemon_that_starts_before_its_database_is_ready_once_that_comes(own_cluster, running_vault, tmp_path):
    vault = type(running_vault)(own_cluster, tmp_path)
    own_cluster.stop("immediate")
    vault.start(event="daemon.listening")
    status, text = vault.readiness()
    assert status == 503 and "database:" in text and "keys: waiting for the database" in text
    ann = vault.person()
    ann.refused("POST", "/v1/api-keys", 503, "unavailable", {"provider": "openai", "key": KEY})
    own_cluster.start()
    wait_until(lambda: vault.readiness()[0] == 200, "keyvault to be ready")
    ann.save()
    assert ann.lease()["key"] == KEY
    vault.stop()


def test_key_versions_that_cannot_be_read_are_read_again(own_cluster, running_vault, tmp_path):
    """The database is there, the table is locked; nobody tells the daemon when it no longer is."""
    vault = type(running_vault)(own_cluster, tmp_path)
    vault.sql("REVOKE SELECT ON vault.kek_versions FROM grove_vault")
    vault.start(event="daemon.listening")
    wait_until(lambda: "cannot be read" in vault.readiness()[1] or "database:" in vault.readiness()[1], "a reason")
    vault.sql("GRANT SELECT ON vault.kek_versions TO grove_vault")
    wait_until(lambda: vault.readiness()[0] == 200, "keyvault to be ready")
    vault.person().save()
    vault.stop()


def test_killed_daemon_keeps_what_it_acknowledged_and_forgets_session_keys(frail_vault):
    ann = frail_vault.person()
    ann.save()
    key = ann.data_key()
    handle = ann.session_key()["handle"]
    frail_vault.kill()
    frail_vault.start()
    assert ann.data_key() == key and ann.lease()["key"] == KEY
    assert ann.lease(sessionHandle=handle)["source"] == "own"


def test_kill_in_the_middle_of_many_saves_leaves_only_whole_keys(frail_vault):
    ann = frail_vault.person()
    made = []

    def save(_):
        try:
            with Peer(frail_vault.keys, "gateway", "keyvault", frail_vault.daemon.port, ann.id) as peer:
                for _ in range(10):
                    answer = peer.call("POST", "/v1/api-keys", {"provider": "openai", "key": KEY})
                    if answer.status_code == 201:
                        made.append(answer.json()["id"])
        except (httpx.HTTPError, AttributeError):
            pass  # it is dead

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(save, n) for n in range(4)]
        wait_until(lambda: len(made) >= 3, "some keys")
        frail_vault.daemon.process.kill()
        [one.result() for one in running]
    frail_vault.kill()
    frail_vault.start()
    there = {item["id"] for item in ann.keys()}
    assert set(made) <= there
    for key in there:
        assert frail_vault.reader().api_key(ann.id, key, "https://api.openai.com:443") == KEY


def test_two_daemons_on_one_database_are_of_one_mind(vault, beside):
    other = beside()
    ann = vault.person()
    same = type(ann)(other, ann.id)
    answers = at_once(10, lambda n: (ann if n % 2 else same).data_key())
    assert len({answer["key"] for answer in answers}) == 1
    made = ann.save()
    assert same.lease()["keyId"] == made["id"]


def test_stopping_waits_for_what_is_under_way(make_vault):
    vault = make_vault()
    ann = vault.person()
    ann.save()
    ann.session_key()
    vault.stop()
