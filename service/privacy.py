"""Keyed hashes in place of words and people: what the store may see."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import struct
import sys
from array import array
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from service.errors import StartError
from service.store.data_dir import sync_folder

KEY_BYTES = 32
_LENGTH = struct.Struct(">I").pack
TOKEN_BYTES = 8
_REMEMBERED_TOKENS, _REMEMBERED_NAMES = 50_000, 5_000


class Hasher:
    """Turns tokens and pseudonyms into 64-bit keyed BLAKE2b hashes: equality stays, text goes.

    Parameters
    ----------
    key
        16 to 64 secret bytes. Hashes made with another key can never be joined with these.

    Attributes
    ----------
    code
        The hash of a token as the 8 bytes that an array of numbers holds.

    Examples
    --------
    >>> hasher = Hasher(bytes(32))
    >>> hasher.tokens(["no", "fever"])[0] == hasher.tokens(["no"])[0]
    True
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        # Copied for each submission: taking the key in is half of the work.
        self._content = hashlib.blake2b(digest_size=16, key=key, person=b"content")
        # Speech repeats itself: most tokens of a day are a few thousand words, and of few speakers.
        self.code = lru_cache(maxsize=_REMEMBERED_TOKENS)(self._code)
        self._name = lru_cache(maxsize=_REMEMBERED_NAMES)(self._hash_name)

    @property
    def check(self) -> bytes:
        """16 bytes that are equal where the keys are, and say nothing else about them."""
        return self._digest(b"check", b"", 16)

    def tokens(self, tokens: Iterable[str]) -> array[int]:
        """One unsigned 64-bit number a token, in order."""
        return array("Q", b"".join(map(self.code, tokens)))

    def pseudonym(self, kind: str, value: str) -> str:
        """16 hexadecimal digits for a speaker, session or recording; ``kind`` keeps them apart."""
        return self._name(kind, value)

    def content(self, *parts: bytes) -> bytes:
        """16 bytes that are equal where all parts are: recognises the same submission."""
        content = self._content.copy()
        for part in parts:
            content.update(_LENGTH(len(part)))
            content.update(part)
        return content.digest()

    def _code(self, token: str) -> bytes:
        digest = self._digest(b"token", token.encode("utf-8", "surrogatepass"), TOKEN_BYTES)
        return digest if sys.byteorder == "big" else digest[::-1]

    def _hash_name(self, kind: str, value: str) -> str:
        return self._digest(kind.encode(), value.encode("utf-8", "surrogatepass"), TOKEN_BYTES).hex()

    def _digest(self, kind: bytes, data: bytes, size: int) -> bytes:
        return hashlib.blake2b(data, digest_size=size, key=self._key, person=kind[:16]).digest()


def load_key(path: Path, *, may_create: bool) -> bytes:
    """The hashing key from its file, made at the first start where that is allowed.

    Raises
    ------
    StartError
        If the file is missing and may not be made, has the wrong size, or can be read by others.
    """
    if may_create and not path.exists():
        create_key(path)
    try:
        status = path.stat()
        key = path.read_bytes()
    except OSError as error:
        raise StartError(f"{path}: the hashing key cannot be read: {error.strerror}") from None
    # A mounted secret is readable by its group where the platform assigns one; never by everybody.
    forbidden = 0o077 if may_create else 0o007
    if stat.S_IMODE(status.st_mode) & forbidden:
        raise StartError(f"{path}: others can read the hashing key; run: chmod 600 {path}")
    if not 16 <= len(key) <= 64:
        raise StartError(f"{path}: expected a hashing key of 16 to 64 bytes, got {len(key)}")
    return key


def create_key(path: Path) -> None:
    """Put a new key on disk, whole or not at all."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)
