"""Killed at any instant, a service keeps what it answered, and ends where an uninterrupted one does."""

from pathlib import Path

from chaos.run import survive

KILLS = 20
SEED = 7


def test_after_twenty_kills_everything_is_there_once_and_the_state_is_that_of_no_kill(tmp_path: Path) -> None:
    summary = survive(tmp_path, KILLS, SEED, print)
    assert summary.kills.total() == KILLS
