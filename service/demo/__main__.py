"""Plays a recorded hospital into a running service, as an app with a speech engine would send it."""

from __future__ import annotations

import argparse
import asyncio

from service.demo.player import Player
from service.demo.recording import messages


async def _play(api: str, recording: str, seconds: float) -> None:
    day = None
    async for now in Player(api, seconds).play(messages(recording)):
        if now.date() != day:
            day = now.date()
            print(f"{recording}: {day}", flush=True)


def main() -> None:
    """Play the recording that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m service.demo", description=__doc__)
    parser.add_argument("api", help="URL of the service's API")
    parser.add_argument("--recording", choices=["hospital", "control"], default="hospital")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long the three days take (300)")
    chosen = parser.parse_args()
    asyncio.run(_play(chosen.api, chosen.recording, chosen.seconds))


if __name__ == "__main__":
    main()
