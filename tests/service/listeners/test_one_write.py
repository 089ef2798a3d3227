"""An answer goes out in one piece, a long one in few, and nothing that was written is left behind."""

from __future__ import annotations

import asyncio
from typing import Any

from service.listeners.one_write import MOST_BYTES, OneWrite


class Recorder(asyncio.Transport):
    """What went out beneath, in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.ended = ""

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def written(*pieces: bytes, then: str = "") -> Recorder:
    """What goes out of pieces written in one turn of the loop, with something called at its end."""

    async def write() -> Recorder:
        beneath = Recorder()
        above = OneWrite(beneath, asyncio.get_running_loop())
        for piece in pieces:
            above.write(piece)
        assert len(b"".join(pieces)) > MOST_BYTES or not beneath.pieces
        if then:
            getattr(above, then)()
        else:
            await asyncio.sleep(0)
        return beneath

    return asyncio.run(write())


def test_what_is_written_together_goes_out_together() -> None:
    assert written(b"head", b"body", b"", then="flush").pieces == [b"headbody"]
    assert written(b"head", b"body").pieces == [b"headbody"]


def test_closing_lets_everything_out_first() -> None:
    recorder = written(b"head", b"body", then="close")
    assert (recorder.pieces, recorder.ended) == ([b"headbody"], "closed")


def test_aborting_lets_nothing_out() -> None:
    recorder = written(b"head", then="abort")
    assert (recorder.pieces, recorder.ended) == ([], "aborted")


def test_much_is_not_held_back() -> None:
    half = b"x" * (MOST_BYTES // 2 + 1)
    assert written(half, half, b"end").pieces == [half + half, b"end"]
    assert written(then="flush").pieces == []
