# SPDX-License-Identifier: MIT
"""The sealed format as another language reads it: the fixed vectors open, and open nowhere but in their own place.

tests/unit/crypto/test_sealed_format.c opens the same vectors with the daemons' code.
"""

import dataclasses
import json
import pathlib
import sys
from uuid import UUID

import pytest

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "support"
sys.path.insert(0, str(SUPPORT))

import sealed  # noqa: E402

VECTORS = json.loads((SUPPORT / "sealed_vectors.json").read_text(encoding="utf-8"))


def key_of(record):
    return sealed.Key(bytes.fromhex(record["kekId"]), record["dekVersion"], bytes.fromhex(record["key"]))


def place_of(record):
    return sealed.Place(
        label=record["label"],
        user=UUID(record["user"]),
        row=UUID(record["row"]),
        table=record.get("table"),
        column=record.get("column"),
        extra=tuple(record["extra"]),
    )


def stays_shut(key, place, blob):
    with pytest.raises(sealed.NotOpened):
        sealed.open_record(key, place, blob)
    return True


records = pytest.mark.parametrize("record", VECTORS["records"], ids=lambda r: r["name"])


@pytest.mark.parametrize("derivation", VECTORS["derivations"], ids=lambda d: d["family"])
def test_keys_are_derived_as_published(derivation):
    secret, salt = bytes.fromhex(derivation["secret"]), bytes.fromhex(derivation["salt"])
    assert sealed.derive_kek(secret, salt, derivation["family"]).hex() == derivation["kek"]
    assert sealed.derive_kek_id(secret, salt, derivation["family"]).hex() == derivation["kekId"]


@records
def test_a_record_opens_with_its_key_in_its_place(record):
    blob = bytes.fromhex(record["sealed"])
    assert sealed.open_record(key_of(record), place_of(record), blob).hex() == record["plain"]


@records
def test_every_flipped_bit_keeps_a_record_shut(record):
    blob = bytearray.fromhex(record["sealed"])
    for bit in range(len(blob) * 8):
        blob[bit // 8] ^= 1 << bit % 8
        assert stays_shut(key_of(record), place_of(record), bytes(blob))
        blob[bit // 8] ^= 1 << bit % 8


@records
def test_every_other_length_keeps_a_record_shut(record):
    blob = bytes.fromhex(record["sealed"])
    for length in range(len(blob)):
        assert stays_shut(key_of(record), place_of(record), blob[:length])
    assert stays_shut(key_of(record), place_of(record), blob + b"\0")


@records
@pytest.mark.parametrize(
    "change",
    [
        {"label": "grove/other/v1"},
        {"user": UUID(int=1)},
        {"row": UUID(int=1)},
        {"table": "elsewhere"},
        {"column": "elsewhere"},
        {"extra": ("elsewhere",)},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_record_stays_shut_in_any_other_place(record, change):
    blob = bytes.fromhex(record["sealed"])
    assert stays_shut(key_of(record), dataclasses.replace(place_of(record), **change), blob)


@records
def test_a_record_stays_shut_for_any_other_key(record):
    blob, key = bytes.fromhex(record["sealed"]), key_of(record)
    other = bytes([key.key[0] ^ 1]) + key.key[1:]
    assert stays_shut(dataclasses.replace(key, key=other), place_of(record), blob)
    assert stays_shut(dataclasses.replace(key, kek_id=b"\0\0\0\0"), place_of(record), blob)
    assert stays_shut(dataclasses.replace(key, dek_version=key.dek_version ^ 1), place_of(record), blob)


def test_the_wrapped_data_key_is_the_one_that_seals_the_provider_key():
    wrapped, provider_key = VECTORS["records"][0], VECTORS["records"][1]
    opened = sealed.open_record(key_of(wrapped), place_of(wrapped), bytes.fromhex(wrapped["sealed"]))
    assert opened == key_of(provider_key).key
    assert wrapped["key"] == VECTORS["derivations"][0]["kek"]
