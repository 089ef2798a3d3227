"""Records that are accepted together become what they would one after the other."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn
from service.config import Config
from service.errors import Refused
from service.pipeline import Pipeline
from service.records import Receipt, Record

COLUMNS = "utterance_id, cohort, hypothesis_words, scored_seq IS NULL"
BEGIN = time.time()


def config(folder: str) -> Config:
    return Config.model_validate({"data_dir": folder, "cohorts": {"max": 2}})


def records(pipeline: Pipeline, said: Sequence[tuple[bool, int, int, str]]) -> list[Record]:
    translator = Translator(pipeline.config, pipeline.hasher, pipeline.counts)
    found: list[Record] = []
    for is_utterance, number, words, cohort in said:
        key, text = f"u{number}", " ".join(["word"] * words)
        if is_utterance:
            sent = UtteranceIn(utterance_id=key, hypothesis=text, attributes={"accent": cohort})
            found.append(translator.utterance(sent, BEGIN))
        else:
            found.append(translator.reference(ReferenceIn(utterance_id=key, reference=text), BEGIN))
    return found


def outcome(receipt: Receipt | Refused) -> Any:
    if isinstance(receipt, Refused):
        return receipt.status
    return receipt.outcome, receipt.cohort, receipt.is_new_utterance, receipt.is_empty


def kept(pipeline: Pipeline) -> Any:
    with closing(sqlite3.connect(pipeline.store.path)) as db:
        return (
            db.execute(f"SELECT {COLUMNS} FROM utterances ORDER BY utterance_id").fetchall(),
            db.execute("SELECT utterance_id FROM waiting_references ORDER BY utterance_id").fetchall(),
            db.execute("SELECT utterance_id, cohort, hits FROM scored ORDER BY seq").fetchall(),
            db.execute("SELECT cohort FROM cohorts ORDER BY cohort").fetchall(),
        )


SAID = st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 2), st.sampled_from("abc"))


@given(st.lists(st.lists(SAID, max_size=12), max_size=4))
@settings(max_examples=8, derandomize=True, deadline=None)
def test_many_at_once_become_what_they_would_one_by_one(
    parts: list[list[tuple[bool, int, int, str]]],
) -> None:
    found = []
    for is_together in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            pipeline = Pipeline(config(folder))
            pipeline.start()
            outcomes = []
            for part in parts:
                for group in [part] if is_together else [[each] for each in part]:
                    receipts = asyncio.run(pipeline.accept(records(pipeline, group)))
                    outcomes += [outcome(receipt) for receipt in receipts]
            found.append((outcomes, kept(pipeline)))
            pipeline.close()
    assert found[0] == found[1]


def test_those_who_come_together_get_each_their_own_answer(tmp_path: Path) -> None:
    pipeline = Pipeline(config(str(tmp_path)))
    pipeline.start()
    first, other, reference = records(pipeline, [(True, 1, 1, "a"), (True, 1, 2, "a"), (False, 1, 1, "a")])

    async def scenario() -> list[Receipt | BaseException]:
        await pipeline.accept([first, reference])
        together = [pipeline.accept_one(each) for each in (first, other, reference)]
        return await asyncio.gather(*together, return_exceptions=True)

    same, refused, again = asyncio.run(scenario())
    pipeline.close()
    assert isinstance(same, Receipt)
    assert isinstance(again, Receipt)
    assert (same.outcome, again.outcome) == ("duplicate", "duplicate")
    with pytest.raises(Refused, match="scored already with another content"):
        raise refused if isinstance(refused, BaseException) else AssertionError
