"""A large body is taken in portions, in order and whole."""

from array import array
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.ingest.portions import MOST_RECORDS, MOST_WORDS, portions
from service.records import Reference, Utterance


def utterance(words: int) -> Utterance:
    fields: dict[str, Any] = dict.fromkeys(Utterance.__struct_fields__)
    return Utterance(**{**fields, "hypothesis_words": words})


def reference(words: int) -> Reference:
    fields: dict[str, Any] = dict.fromkeys(Reference.__struct_fields__)
    return Reference(**{**fields, "tokens": array("Q", bytes(8 * words))})


RECORDS = st.lists(
    st.builds(utterance, st.integers(0, 20_000)) | st.builds(reference, st.integers(0, 20_000))
)


@given(RECORDS)
@settings(max_examples=50, derandomize=True, deadline=None)
def test_portions_are_bounded_and_together_everything(records: list[Utterance | Reference]) -> None:
    found = list(portions(records))
    assert [id(record) for portion in found for record in portion] == [id(record) for record in records]
    for portion in found:
        words = sum(
            each.hypothesis_words if isinstance(each, Utterance) else len(each.tokens or ())
            for each in portion
        )
        assert len(portion) == 1 or words <= MOST_WORDS


def test_ordinary_lines_share_a_transaction() -> None:
    lengths = [len(portion) for portion in portions([utterance(10)] * (2 * MOST_RECORDS + 100))]
    assert lengths == [MOST_RECORDS, MOST_RECORDS, 100]
