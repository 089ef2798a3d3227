"""A disk as it is after the power failed: what was synchronised is there, of all else nothing is certain.

A file's content is certain up to its last ``fsync`` or ``fdatasync``. A name (made, renamed, linked, removed)
is certain once its folder was synchronised, and so is the folder's own name. The rest may be lost; or it
survives in part, where each sector of 512 bytes is written whole or not at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from power.trace import Call

SECTOR = 512
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)
"""Which part of what is not certain survives, by chance."""


@dataclass(frozen=True, slots=True)
class _Write:
    """Bytes at an offset; without bytes, the file ends there."""

    offset: int
    content: bytes | None
    ended: int


_Change = tuple[int, "dict[str, _File | None]"]
"""When it was done, and names with what they are now, together."""


@dataclass(slots=True)
class _File:
    """A file or, with ``names``, a folder."""

    certain: bytearray = field(default_factory=bytearray)
    pending: list[_Write] = field(default_factory=list)
    names: dict[str, _File] | None = None
    certain_names: dict[str, _File] = field(default_factory=dict)
    changes: list[_Change] = field(default_factory=list)

    def change(self, ended: int, names: dict[str, _File | None]) -> None:
        """Names that come, or go, together."""
        assert self.names is not None
        _rename(self.names, names)
        self.changes.append((ended, names))

    def sync(self, began: int) -> None:
        """Make certain what was done before this call began."""
        for write in [each for each in self.pending if each.ended < began]:
            _do(self.certain, write)
        self.pending = [each for each in self.pending if each.ended >= began]
        for _, names in [each for each in self.changes if each[0] < began]:
            _rename(self.certain_names, names)
        self.changes = [each for each in self.changes if each[0] >= began]


class Disk:
    """What the calls of programs leave of a folder.

    Parameters
    ----------
    root
        The folder.
    before
        A copy of it from before they began, all of which is certain; None if it was empty.
    """

    def __init__(self, root: Path, before: Path | None = None) -> None:
        self._root = root
        self._top = _File(names={}) if before is None else _read(before)
        self._positions: dict[int, int] = {}

    def apply(self, call: Call) -> None:
        """Let a call have its effect."""
        effects: dict[str, Callable[[Call], None]] = {
            "openat": self._open,
            "lseek": self._seek,
            "write": self._append,
            "pwrite64": lambda call: self._write(call, call.number(3)),
            "ftruncate": self._cut,
            "fsync": self._sync,
            "fdatasync": self._sync,
            "mkdir": lambda call: self._name(call, call.path(0), _File(names={})),
            "unlink": lambda call: self._name(call, call.path(0), None),
            "link": lambda call: self._name(call, call.path(1), self._at(call.path(0))),
            "linkat": lambda call: self._name(call, call.path(3), self._at(call.path(1))),
            "rename": lambda call: self._move(call, call.path(0), call.path(1)),
            "sendto": lambda call: None,
            "recvfrom": lambda call: None,
        }
        # A call that is not modelled is a KeyError.
        effects[call.name](call)

    @property
    def uncertain_names(self) -> int:
        """How many changes of names are not certain."""
        return len(_uncertain(self._top))

    def lose_power(self, target: Path, chance: random.Random | None = None) -> None:
        """Write what is left into a folder: what is certain; of the rest what chance wills, if anything."""
        _lay_out(self._top, target, chance)

    def lose_name(self, target: Path, number: int) -> None:
        """The same where of all changes of names one alone is lost; of contents what is certain is left."""
        _, lost = _uncertain(self._top)[number]
        _lay_out(self._top, target, None, lambda change: change is not lost)

    def _open(self, call: Call) -> None:
        path, flags = call.path(1), call.words[2]
        self._positions[call.result] = 0
        parent = self._folder_of(path)
        if parent is None or "O_DIRECTORY" in flags:
            return
        assert parent.names is not None
        if path.name not in parent.names:
            if "O_CREAT" not in flags:
                return
            parent.change(call.ended, {path.name: _File()})
        elif "O_TRUNC" in flags:
            parent.names[path.name].pending.append(_Write(0, None, call.ended))

    def _seek(self, call: Call) -> None:
        self._positions[call.number(0)] = call.result

    def _append(self, call: Call) -> None:
        begin = self._positions.get(call.number(0), 0)
        self._positions[call.number(0)] = begin + call.result
        self._write(call, begin)

    def _cut(self, call: Call) -> None:
        if file := self._at(call.path(0)):
            file.pending.append(_Write(call.number(1), None, call.ended))

    def _sync(self, call: Call) -> None:
        if file := self._at(call.path(0)):
            file.sync(call.began)

    def _write(self, call: Call, offset: int) -> None:
        if "<" in call.words[0] and (file := self._at(call.path(0))):
            file.pending.append(_Write(offset, call.data(1)[: call.result], call.ended))

    def _name(self, call: Call, path: Path, file: _File | None) -> None:
        if parent := self._folder_of(path):
            parent.change(call.ended, {path.name: file})

    def _move(self, call: Call, source: Path, target: Path) -> None:
        parent = self._folder_of(source)
        if parent is None:
            return
        assert source.parent == target.parent, "a move between folders is not modelled"
        parent.change(call.ended, {source.name: None, target.name: self._at(source)})

    def _folder_of(self, path: Path) -> _File | None:
        parent = self._at(path.parent)
        return parent if parent and parent.names is not None else None

    def _at(self, path: Path) -> _File | None:
        if not path.is_relative_to(self._root):
            return None
        found: _File | None = self._top
        for name in path.relative_to(self._root).parts:
            found = found.names.get(name) if found and found.names is not None else None
        return found


def _read(place: Path) -> _File:
    if not place.is_dir():
        return _File(bytearray(place.read_bytes()))
    names = {each.name: _read(each) for each in place.iterdir()}
    return _File(names=names, certain_names=dict(names))


def _uncertain(folder: _File) -> list[tuple[_File, _Change]]:
    found = [(folder, change) for change in folder.changes]
    inner = {id(each): each for each in (folder.names or {}).values() if each.names is not None}
    return found + [each for sub in inner.values() for each in _uncertain(sub)]


def _rename(names: dict[str, _File], changed: dict[str, _File | None]) -> None:
    for name, file in changed.items():
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file


def _do(content: bytearray, write: _Write) -> None:
    if write.content is None:
        del content[write.offset :]
        content.extend(bytes(write.offset - len(content)))
        return
    content.extend(bytes(max(0, write.offset - len(content))))
    content[write.offset : write.offset + len(write.content)] = write.content


def _lay_out(
    folder: _File,
    target: Path,
    chance: random.Random | None,
    survives: Callable[[_Change], bool] | None = None,
) -> None:
    share = _share(chance)
    if survives is None:
        names = _names(folder, lambda _: chance is not None and chance.random() < share)
    else:
        names = _names(folder, survives)
    target.mkdir(mode=0o700)
    for name, file in names.items():
        place = target / name
        if file.names is not None:
            _lay_out(file, place, chance, survives)
        else:
            place.touch(mode=0o600)
            place.write_bytes(_content(file, name, chance))


def _names(folder: _File, survives: Callable[[_Change], bool]) -> dict[str, _File]:
    names, lost = dict(folder.certain_names), set[str]()
    for change in folder.changes:
        # What is done to a name does not survive where what was done to it before did not.
        if lost.isdisjoint(change[1]) and survives(change):
            _rename(names, change[1])
        else:
            lost |= change[1].keys()
    return names


def _content(file: _File, name: str, chance: random.Random | None) -> bytes:
    content = bytearray(file.certain)
    if chance is None:
        return bytes(content)
    share = _share(chance)
    for write in file.pending:
        if write.content is None:
            # What is written behind a cut goes to other places of the disk, which the file has by the cut.
            if chance.random() >= share:
                break
            _do(content, write)
            continue
        for begin, piece in _sectors(write):
            if chance.random() < share:
                _do(content, _Write(begin, piece, write.ended))
    # What is mapped into memory is written back whenever the kernel likes.
    return chance.randbytes(len(content)) if name.endswith("-shm") else bytes(content)


def _sectors(write: _Write) -> Iterator[tuple[int, bytes]]:
    assert write.content is not None
    end = write.offset + len(write.content)
    begin = write.offset
    while begin < end:
        stop = min(end, (begin // SECTOR + 1) * SECTOR)
        yield begin, write.content[begin - write.offset : stop - write.offset]
        begin = stop


def _share(chance: random.Random | None) -> float:
    return 0.0 if chance is None else chance.choice(SHARES)
