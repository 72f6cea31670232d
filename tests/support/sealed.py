# SPDX-License-Identifier: MIT
"""An independent reader of sealed records, written from docs/sealed-format.md alone and sharing no code with the daemons.

Needs python3-cryptography. `seal_record` exists to make test vectors: it takes the nonce, which no real sealer may.
"""

from dataclasses import dataclass
from typing import Optional, Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 0x01
ALG_AES_256_GCM = 0x01
HEADER_BYTES = 10
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
PLACE_MAX_BYTES = 4096


class NotOpened(Exception):
    """The bytes are no record, or not this record for this key and place."""


@dataclass(frozen=True)
class Key:
    kek_id: bytes
    dek_version: int
    key: bytes


@dataclass(frozen=True)
class Place:
    label: str
    user: UUID
    row: UUID
    table: Optional[str] = None
    column: Optional[str] = None
    extra: Sequence[Optional[str]] = ()


@dataclass(frozen=True)
class Header:
    kek_id: bytes
    dek_version: int


def derive_kek(secret: bytes, salt: bytes, family: str) -> bytes:
    return _hkdf(secret, salt, f"grove/kek/v1/{family}", 32)


def derive_kek_id(secret: bytes, salt: bytes, family: str) -> bytes:
    return _hkdf(secret, salt, f"grove/kek-id/v1/{family}", 4)


def read_header(blob: bytes) -> Header:
    if len(blob) < OVERHEAD or blob[0] != VERSION or blob[1] != ALG_AES_256_GCM:
        raise NotOpened("not a sealed record")
    return Header(kek_id=blob[2:6], dek_version=int.from_bytes(blob[6:10], "big"))


def open_record(key: Key, place: Place, blob: bytes) -> bytes:
    header = read_header(blob)
    if header != Header(key.kek_id, key.dek_version):
        raise NotOpened("sealed under another key")
    nonce, sealed = blob[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES], blob[HEADER_BYTES + NONCE_BYTES :]
    try:
        return AESGCM(key.key).decrypt(nonce, sealed, additional_data(place, blob[:HEADER_BYTES]))
    except InvalidTag:
        raise NotOpened("wrong key, another place, or changed bytes") from None


def seal_record(key: Key, place: Place, plain: bytes, nonce: bytes) -> bytes:
    header = bytes([VERSION, ALG_AES_256_GCM]) + key.kek_id + key.dek_version.to_bytes(4, "big")
    return header + nonce + AESGCM(key.key).encrypt(nonce, plain, additional_data(place, header))


def additional_data(place: Place, header: bytes) -> bytes:
    texts = [place.table, place.column, *place.extra]
    table, column, *extra = [None if t is None else t.encode() for t in texts]
    parts = [place.label.encode(), header, place.user.bytes, table, place.row.bytes, column, *extra]
    joined = b"".join(len(p).to_bytes(2, "big") + p for p in parts if p is not None)
    if len(joined) > PLACE_MAX_BYTES:
        raise ValueError("a place has at most 4,096 bytes")
    return joined


def _hkdf(secret: bytes, salt: bytes, info: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info.encode()).derive(secret)
