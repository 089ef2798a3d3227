import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from commands import call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.score import score
from service.errors import WerwatchError
from service.scoring.side import FORMATS

REFERENCE_STM = """\
;; LABEL "A1" "scottish" "Speakers from Scotland"
;; LABEL "A2" "welsh" "Speakers from Wales"
ward7 1 ann 1.0 2.0 <O,A1> give two hundred
ward7 1 ann 3.0 4.0 IGNORE_TIME_SEGMENT_IN_SCORING
ward7 1 ben 5.0 6.0 <O,A2> more of it
ward8 1 ben 0.0 9.0 <O,A2> stop
"""
HYPOTHESIS_CTM = """\
ward7 1 1.1 0.2 give
ward7 1 1.3 0.2 too
ward7 1 1.5 0.2 hundred
ward7 1 3.3 0.2 ignored
ward7 1 4.3 0.2 much
ward7 1 5.3 0.2 more
ward7 1 5.7 0.2 it
"""


PIECES = (
    *(
        "word ",
        "{ ",
        "/ ",
        "} ",
        "(u)\n",
        "(v)\n",
        "\n",
        "\n\n",
        "a 1 x 0 1 <L> ",
        "a 1 0 1 word\n",
        "<v Ann>",
    ),
    *("WEBVTT\n\n", "1\n00:00:00,000 --> 00:00:01,000\n", "00:00.000 --> 00:01.000\n"),
    '{"utterance_id": "u", "reference": "a", "hypothesis": "b"}\n',
)


def write(folder: Path, **files: str) -> list[str]:
    """Files by their endings."""
    paths = []
    for name, text in files.items():
        path = folder / name.replace("_", ".")
        path.write_text(text)
        paths.append(str(path))
    return paths


def run(*arguments: str) -> Result:
    return CliRunner().invoke(score, arguments, catch_exceptions=True, terminal_width=80)


def counts(*arguments: str) -> dict[str, list[int]]:
    """S, D, I and N by utterance."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.exception
    keys = ("substitutions", "deletions", "insertions", "reference_words")
    return {each["name"]: [each[key] for key in keys] for each in json.loads(done.stdout)["pairs"]}


def refusal(*arguments: str) -> str:
    done = run(*arguments)
    assert isinstance(done.exception, WerwatchError), done.output
    return str(done.exception)


def test_words_with_times_belong_to_the_segment_that_their_middle_is_in(tmp_path: Path) -> None:
    files = write(tmp_path, ref_stm=REFERENCE_STM, hyp_ctm=HYPOTHESIS_CTM)
    found = counts(*files, "--normalisation", "basic")
    assert found == {"ward7 1 1": [1, 0, 0, 3], "ward7 1 5": [0, 1, 1, 3], "ward8 1 0": [0, 1, 0, 1]}


def test_the_table_and_the_alignments_are_as_people_read_them(tmp_path: Path) -> None:
    files = write(tmp_path, ref_stm=REFERENCE_STM, hyp_ctm=HYPOTHESIS_CTM)
    done = run(
        *files, "--normalisation", "basic", "--align", "--only-errors", "--by", "label", "--by", "speaker"
    )
    assert (
        done.stdout
        == """\
ward7 1 1: words 3, sub 1, del 0, ins 0, WER 33.3 %
REF: give two hundred
HYP: give too hundred
          S

ward7 1 5: words 3, sub 0, del 1, ins 1, WER 66.7 %
REF: **** more of it
HYP: much more ** it
     I         D

ward8 1 0: words 1, sub 0, del 1, ins 0, WER 100.0 %
REF: stop
HYP: ****
     D

            utts  words  sub  del  ins  errors  WER %  empties  loops
all            3      7    1    2    1       4  57.14        1      0

by label
  O            3      7    1    2    1       4  57.14        1      0
  welsh        2      4    0    2    1       3  75.00        1      0
  scottish     1      3    1    0    0       1  33.33        0      0

by speaker
  ben          2      4    0    2    1       3  75.00        1      0
  ann          1      3    1    0    0       1  33.33        0      0

normaliser basic-1
"""
    )


def test_long_alignments_are_broken_into_lines(tmp_path: Path) -> None:
    files = write(tmp_path, ref_txt="alpha beta gamma " * 20 + "\n", hyp_txt="alpha gamma " * 20 + "\n")
    lines = run(*files, "--align").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("REF:") for line in lines) > 3


def test_utterances_are_paired_by_their_id_in_any_order(tmp_path: Path) -> None:
    files = write(tmp_path, ref_trn="one two (a)\nthree (b)\n", hyp_trn="three (b)\none to (a)\n")
    assert counts(*files, "--normalisation", "none") == {"a": [1, 0, 0, 2], "b": [0, 0, 0, 1]}


def test_ndjson_is_read_as_the_api_takes_it(tmp_path: Path) -> None:
    spoken = [{"utterance_id": "a", "reference": "no fever"}, {"utterance_id": "b", "reference": "stop"}]
    heard = [
        {"utterance_id": "b", "hypothesis": "stop", "attributes": {"accent": "welsh"}},
        {"utterance_id": "a", "hypothesis": "fever", "attributes": {"accent": "scottish"}},
    ]
    files = write(
        tmp_path,
        ref_ndjson="\n".join(map(json.dumps, spoken)),
        hyp_ndjson="\n".join(map(json.dumps, heard)) + "\n\n",
    )
    assert counts(*files) == {"a": [0, 1, 0, 2], "b": [0, 0, 0, 1]}
    assert "\nby accent\n  scottish     1      2" in run(*files).stdout


def test_a_file_that_has_both_needs_no_second(tmp_path: Path) -> None:
    rows = [
        {"utterance_id": "a", "engine": "x", "reference": "no fever", "hypothesis": "no fever"},
        {"utterance_id": "a", "engine": "y", "reference": "no fever", "hypothesis": ""},
        {"utterance_id": "b", "engine": "y", "verdict": "correct", "hypothesis": "fine"},
    ]
    path = tmp_path / "both.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    groups = json.loads(run(str(path), "--by", "engine", "--json").stdout)["groups"]["engine"]
    assert (groups["x"]["wer"], groups["y"]["wer"], groups["y"]["empties"]) == (0.0, 2 / 3, 1)


def test_a_history_has_its_references_beside_its_utterances(tmp_path: Path) -> None:
    scottish, welsh = ({"attributes": {"accent": name}} for name in ("scottish", "welsh"))
    later = {"recording_id": "r", "spoken_at": "2026-03-02T08:00:01Z", **scottish}
    earlier = {"recording_id": "r", "spoken_at": "2026-03-02T09:00:00+01:00", **welsh}
    lines = [
        {"utterance_id": "a", **later, "hypothesis": "no pain"},
        {"utterance_id": "b", **earlier, "hypothesis": "well"},
        {
            "recording_id": "r",
            "reference": "oh well no pain at all",
            "selection": "random",
            "probability": 1.0,
        },
        {"utterance_id": "c", "hypothesis": "stop", **welsh},
        {"utterance_id": "c", "verdict": "correct"},
        {"utterance_id": "d", "hypothesis": "go", "reference": "go on", **welsh},
    ]
    [path] = write(tmp_path, history_ndjson="\n".join(map(json.dumps, lines)))
    assert counts(path) == {"d": [0, 1, 0, 2], "c": [0, 0, 0, 1], "r": [0, 3, 0, 6]}
    found = json.loads(run(path, "--json").stdout)
    groups = {
        name: (sums["reference_words"], sums["deletions"]) for name, sums in found["groups"]["accent"].items()
    }
    assert groups == {"welsh": (2 + 1 + 2, 1 + 1), "scottish": (4, 2)}
    assert [each["name"] for each in found["pairs"][-1]["utterances"]] == ["b", "a"]


def test_a_reference_of_several_wordings_is_the_nearest_one(tmp_path: Path) -> None:
    files = write(
        tmp_path,
        ref_trn="i've { um / uh { huh / @ } / @ } seen the (old) chart (a)\n{ a / b } c (b)\n",
        hyp_trn="i've uh seen the chart (a)\nb d (b)\n",
    )
    assert counts(*files, "--normalisation", "basic") == {"a": [0, 0, 0, 5], "b": [1, 0, 0, 2]}


def test_subtitles_are_one_recording(tmp_path: Path) -> None:
    files = write(
        tmp_path,
        ref_vtt="WEBVTT\n\n00:03.000 --> 00:04.000\ntwo\n\n00:01.000 --> 00:02.000\n<v Ann>one</v>\n",
        hyp_srt="1\n00:00:01,000 --> 00:00:04,000\none\ntwo\n",
    )
    assert counts(*files) == {"ref.vtt": [0, 0, 0, 2]}
    assert counts(files[0], *write(tmp_path, hyp_txt="one\ntoo\n")) == {"ref.vtt": [1, 0, 0, 2]}
    assert counts(files[0], *write(tmp_path, hyp_ctm="a 1 0 1 one\n")) == {"ref.vtt": [0, 1, 0, 2]}


def test_the_normaliser_is_the_callers_choice(tmp_path: Path) -> None:
    files = write(tmp_path, ref_txt="Give 200 mg, please.\n", hyp_txt="give two hundred milligrams please\n")
    config = tmp_path / "werwatch.yaml"
    config.write_text("normaliser: {disable: [units]}\n")
    assert counts(*files) == {"line 1": [0, 0, 0, 4]}
    assert counts(*files, "--config", str(config)) == {"line 1": [1, 0, 0, 4]}
    assert counts(*files, "--normalisation", "basic") == {"line 1": [2, 0, 1, 4]}
    assert counts(*files, "--normalisation", "none") == {"line 1": [3, 0, 1, 4]}
    assert counts(*files, "--language", "de") == {"line 1": [2, 0, 1, 4]}


def test_json_has_words_only_where_they_are_asked_for(tmp_path: Path) -> None:
    files = write(tmp_path, ref_txt="secret\n", hyp_txt="sacred\n")
    assert "secret" not in run(*files, "--json").stdout
    [pair] = json.loads(run(*files, "--json", "--align").stdout)["pairs"]
    assert pair["alignment"] == [["secret", "sacred"]]


def test_nothing_that_is_shown_steers_the_terminal(tmp_path: Path) -> None:
    files = write(tmp_path, ref_trn="\x1b[31mred (\x1b[0m)\n", hyp_trn="\x1b[2Jx (\x1b[0m)\n")
    assert "\x1b" not in run(*files, "--align", "--normalisation", "none").stdout


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"ref_txt": "a\nb\n", "hyp_txt": "a\n"}, "has 2 lines, {0}/hyp.txt 1: they are paired line by line"),
        (
            {"ref_txt": "a\n", "hyp_trn": "a (a)\n"},
            "by their order, {0}/hyp.trn by utterance_id: they cannot",
        ),
        ({"ref_trn": "a (a)\n", "hyp_trn": "a\n"}, "{0}/hyp.trn: line 1: expected the words and then"),
        (
            {"ref_trn": "a (a)\nb (a)\n", "hyp_trn": "a (a)\n"},
            "line 2: its utterance_id was on line 1",
        ),
        ({"ref_trn": "a (a)\n"}, "no reference in it has its hypothesis; name a second file"),
        ({"ref_txt": "a\n"}, "only a file of NDJSON has both; name the file with the hypotheses"),
        (
            {"ref_odt": "a\n"},
            "ref.odt: its name does not end in a known format; say with --ref-format which",
        ),
        (
            {"ref_txt": "a\n", "hyp_odt": "a\n"},
            "hyp.odt: its name does not end in a known format; say with --hyp-format which",
        ),
        ({"ref_ndjson": "{"}, "line 1: expected a JSON object"),
        ({"ref_ndjson": "[]"}, "line 1: expected a JSON object"),
        ({"ref_ndjson": '{"reference": "a"}'}, "line 1: utterance_id: this field is required"),
        ({"ref_ndjson": '{"utterance_id": "a", "reference": 7}'}, "line 1: reference: expected a string"),
        (
            {"ref_ndjson": '{"utterance_id": "a", "spoken_at": "soon"}'},
            "line 1: spoken_at: expected a time",
        ),
        ({"ref_ndjson": '{"recording_id": "a", "passage": true}'}, "line 1: passage: only the service finds"),
        ({"ref_ndjson": '{"utterance_id": "a", "attributes": 7}'}, "line 1: attributes: expected an object"),
        ({"ref_gz": "no gzip"}, "it is no whole gzip file"),
        ({"ref_txt_gz": "no gzip"}, "it is no whole gzip file"),
        (
            {"ref_vtt": "WEBVTT\n", "hyp_ctm": "a 1 0 1 x\nb 1 0 1 y\n"},
            "has several recordings or channels, the other file only one",
        ),
        (
            {"ref_stm": REFERENCE_STM.partition("ward8")[0], "hyp_srt": ""},
            "stretches out of bounds can only be taken out of a CTM file",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(files: dict[str, str], told: str, tmp_path: Path) -> None:
    assert told.format(tmp_path) in refusal(*write(tmp_path, **files))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("a.trn", "a.odt"):
        done = call("score", str(tmp_path / name))
        told = f"werwatch: {tmp_path}/{name}: cannot be read: No such file or directory\n"
        assert (done.returncode, done.stderr) == (2, told)


def test_what_is_packed_is_known_by_what_it_holds(tmp_path: Path) -> None:
    [reference, hypothesis] = write(tmp_path, ref_txt="a b\n", hyp_txt="a c\n")
    Path(reference).write_bytes(gzip.compress(b"a b\n"))
    assert run(reference, hypothesis).stdout.splitlines()[1].split()[:3] == ["all", "1", "2"]


def test_what_has_no_counterpart_is_an_error_unless_it_may_be_left_out(tmp_path: Path) -> None:
    files = write(tmp_path, ref_trn="a (a)\nb (b)\n", hyp_trn="a (a)\nc (c)\nd (d)\n")
    told = "without a hypothesis 1, without a reference 2"
    assert refusal(*files) == f"{told}; --skip-lone leaves them out"
    done = run(*files, "--skip-lone")
    assert done.stderr == f"werwatch: {told}: left out\n"
    assert done.stdout.splitlines()[1].split()[:3] == ["all", "1", "1"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.sampled_from(FORMATS),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12),
)
def test_whatever_the_files_hold_there_is_a_table_or_an_error(
    tmp_path: Path, spoken: str, heard: str, reference: list[str], hypothesis: list[str]
) -> None:
    files = (tmp_path / "reference", tmp_path / "hypothesis")
    for path, pieces in zip(files, (reference, hypothesis), strict=True):
        path.write_bytes("".join(pieces).encode("utf-8", "surrogatepass"))
    options = ("--ref-format", spoken, "--hyp-format", heard, "--skip-lone", "--align")
    done = run(*map(str, files), *options)
    assert isinstance(done.exception, WerwatchError) or done.exit_code == 0, done.exception


def test_groups_that_nobody_names_are_refused_with_those_that_are_known(tmp_path: Path) -> None:
    files = write(tmp_path, ref_stm=REFERENCE_STM, hyp_ctm=HYPOTHESIS_CTM)
    assert refusal(*files, "--by", "accent").endswith("known are speaker, label, recording")
