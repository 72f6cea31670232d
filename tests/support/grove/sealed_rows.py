# SPDX-License-Identifier: MIT
"""Opens what keyvault wrote as docs/sealed-format.md says, from the tables and the configured secrets alone."""

from uuid import UUID

import sealed

NIL = UUID(int=0)


class VaultReader:
    """sql: runs SQL as an owner and gives psql's text; secrets: family → hex."""

    def __init__(self, sql, secrets):
        self.sql = sql
        self.secrets = {family: bytes.fromhex(secret) for family, secret in secrets.items() if secret}

    def _row(self, text):
        line = self.sql(text)
        assert line, f"no row: {text}"
        return line.split("|")

    def kek(self, family):
        salt, = self._row(f"SELECT encode(salt, 'hex') FROM vault.kek_salts WHERE family = '{family}'")
        secret, salt = self.secrets[family], bytes.fromhex(salt)
        return sealed.derive_kek_id(secret, salt, family), sealed.derive_kek(secret, salt, family)

    def canary(self, family):
        kek_id, kek = self.kek(family)
        record, = self._row(f"SELECT encode(canary_sealed, 'hex') FROM vault.kek_versions WHERE family = '{family}'"
                            f" AND kek_id = '\\x{kek_id.hex()}'")
        place = sealed.Place("grove/canary/v1", NIL, NIL, "kek_versions", "canary_sealed", (family,))
        return sealed.open_record(sealed.Key(kek_id, 0, kek), place, bytes.fromhex(record)).decode()

    def data_key(self, user, family, version=1):
        kek_id, kek = self.kek(family)
        named, record = self._row("SELECT encode(kek_id, 'hex'), encode(wrapped_sealed, 'hex') FROM vault.user_data_keys"
                                  f" WHERE user_id = '{user}' AND family = '{family}' AND version = {version}")
        assert named == kek_id.hex()
        place = sealed.Place("grove/dek/v1", UUID(user), NIL, "user_data_keys", "wrapped_sealed", (family,))
        return sealed.open_record(sealed.Key(kek_id, version, kek), place, bytes.fromhex(record))

    def api_key(self, user, key_id, origin):
        provider, version, record = self._row("SELECT provider, data_key_version, encode(key_sealed, 'hex') FROM vault.user_api_keys"
                                              f" WHERE user_id = '{user}' AND id = '{key_id}'")
        blob = bytes.fromhex(record)
        header = sealed.read_header(blob)
        assert header.dek_version == int(version)
        key = sealed.Key(header.kek_id, header.dek_version, self.data_key(user, "byok", header.dek_version))
        place = sealed.Place("grove/byok/v1", UUID(user), UUID(key_id), "user_api_keys", "key_sealed", (provider, origin))
        return sealed.open_record(key, place, blob).decode()
