"""Make the recordings: ``python -m service.demo.recorder.record --out service/demo/recordings``.

It writes ``hospital.ndjson.gz`` (the machine runs from onset to repair), ``control.ndjson.gz``
(the same days, the machine never runs) and ``recording.json`` (the manifest). It needs
espeak-ng on the path and pocketsphinx installed. An interrupted run goes on where it stopped
when it is started again with the same work folder.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from service.demo.recorder.lines import line, write
from service.demo.recorder.manifest import manifest, scored
from service.demo.recorder.progress import Progress
from service.demo.recorder.recording import Recorded
from service.demo.recorder.schedule import Dictation, schedule
from service.demo.recorder.studio import Studio, studio

SEED = 20260302
UTTERANCES = 18_000

_CHUNK = 8


def main() -> None:
    """Record, or go on recording, and write the three files."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    whole_plan = schedule(options.seed, options.utterances)
    room = studio(options.work, options.seed)
    progress = Progress(options.work / f"recorded-{room.fingerprint(whole_plan)}.ndjson")
    plan = whole_plan[: options.first]
    recorded = _recorded(plan, room, progress, options.processes)
    _write_all(options.out, plan, recorded, options.seed)


def _recorded(
    plan: Sequence[Dictation], room: Studio, progress: Progress, processes: int
) -> dict[int, Recorded]:
    """Record what is not on disk yet and give everything, by index."""
    finished = progress.finished()
    waiting = [dictation for dictation in plan if dictation.index not in finished]
    started = time.monotonic()
    # Spawned, not forked: a fork would copy whatever state the parent has by then.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        takes = pool.imap(room.record, waiting, chunksize=_CHUNK)
        for number, one in enumerate(takes, start=1):
            progress.keep(one)
            finished[one.index] = one
            _report(number, len(waiting), time.monotonic() - started)
    return finished


def _report(done: int, planned: int, elapsed_s: float) -> None:
    left_min = elapsed_s / done * (planned - done) / 60
    end = "\n" if done == planned else ""
    print(
        f"\r{done:,} of {planned:,} recorded, {left_min:.0f} min left ",
        end=end,
        file=sys.stderr,
        flush=True,
    )


def _write_all(out: Path, plan: Sequence[Dictation], recorded: Mapping[int, Recorded], seed: int) -> None:
    """Write the hospital, its control and the manifest."""
    engine_version = version("pocketsphinx")
    pairs = [(dictation, recorded[dictation.index]) for dictation in plan]
    write(
        out / "hospital.ndjson.gz",
        (line(d, one, one.noisy or one.quiet, seed, engine_version) for d, one in pairs),
    )
    write(
        out / "control.ndjson.gz",
        (line(d, one, one.quiet, seed, engine_version) for d, one in pairs),
    )
    contents = manifest([scored(d, one, seed) for d, one in pairs], seed)
    (out / "recording.json").write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Record the demonstration hospital.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the recordings")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "werwatch-recorder",
        help="folder for unfinished work (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--utterances", type=int, default=UTTERANCES, help="about how many")
    parser.add_argument("--first", type=int, help="record only so many, from the beginning")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
