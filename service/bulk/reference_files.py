"""Sends a file of references to a running service as the tool saved it, for that to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from service.bulk.importing import OUTCOMES, TIMEOUT_S, Answer, Imported
from service.bulk.mapping import Mapping
from service.bulk.reading import lines_of
from service.commands.remote import Remote, detail_of, read_answer, unreachable
from service.errors import StartError
from service.formats import OF_REFERENCES

ENDINGS = {f".{name}": name for name in OF_REFERENCES}


def format_of(path: Path) -> str | None:
    """The format of a file of references by the ending of its name; None if it is no such file.

    >>> format_of(Path("visit-4.VTT.gz")), format_of(Path("2026.ndjson"))
    ('vtt', None)
    """
    name = path.name.lower().removesuffix(".gz")
    return ENDINGS.get(Path(name).suffix)


def send_references(
    path: Path,
    format_name: str,
    mapping: Mapping,
    remote: Remote,
    note_read: Callable[[int], None],
    reject: Callable[[int, str], None],
) -> Imported:
    """Send all of a file at once.

    Parameters
    ----------
    mapping
        What is given holds for each reference in it; there is nothing to take or leave out.
    reject
        Is told the line and the reason of each reference that is not taken.

    Raises
    ------
    StartError
        If the file cannot be read, or the service cannot be reached or refuses all of it.
    """
    if mapping != Mapping(given=mapping.given, gap_s=mapping.gap_s):
        raise StartError(f"{path}: --map, --only and --begin are for files of lines in JSON")
    body = b"".join(lines_of(path, note_read))
    route, headers = f"/v1/references/{format_name}", {"content-type": "text/plain"}
    with remote.connection(TIMEOUT_S) as connection:
        try:
            answer = connection.post(route, params=dict(mapping.given), content=body, headers=headers)
        except httpx.HTTPError as error:
            raise unreachable(remote.api, error) from None
    if not answer.is_success and (detail := detail_of(answer)) is not None:
        raise StartError(f"{path}: {detail}")
    told = read_answer(remote.api, answer, Answer)
    for each in told.rejected_lines:
        reject(each.line, each.detail)
    found = Imported(lines=told.lines, rejected=len(told.rejected_lines))
    found.outcomes.update({name: getattr(told, name) for name in OUTCOMES})
    return found
