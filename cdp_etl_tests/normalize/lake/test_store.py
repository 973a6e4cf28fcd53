"""The lake: an outcome appears whole or not at all, and is a function of content alone."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cdp_etl.contract.normalization_settings import Rules
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import QUARANTINE_COLUMNS, lake_columns
from cdp_etl.normalize import (
    NormalizedDump,
    RecordsLostError,
    content_fingerprint,
    latest_normalized,
    normalize_dump,
)
from cdp_etl.normalize import normalize as dump_module
from cdp_etl.normalize.readers import dispatch as decode_module
from cdp_etl_tests.normalize.delivering import COMMENT, DUMP_DATE, REVIEW, comment, deliver, ndjson, normalize

DUMP = {
    "a.ndjson": ndjson(comment(1), comment(2), comment(2, content="newer")),
    "b.ndjson": ndjson(comment(3, content=None)),
    "_SUCCESS": b"",
}


def test_the_lake_holds_accepted_superseded_and_quarantined_in_the_contracts_columns(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, DUMP)

    columns = polars_schema(lake_columns(COMMENT))
    assert outcome.accepted.schema == columns
    assert outcome.superseded.schema == columns | {"by_file": pl.String(), "by_position": pl.Int64()}
    assert outcome.quarantined.schema == polars_schema(QUARANTINE_COLUMNS)
    assert outcome.dump.records_by_file == {"_SUCCESS": 0, "a.ndjson": 3, "b.ndjson": 1}
    assert (outcome.dump.accepted, outcome.dump.superseded, outcome.dump.quarantined) == (2, 1, 1)


def test_the_summary_is_read_back_as_it_was(tmp_path: Path) -> None:
    dump = normalize(tmp_path, DUMP).dump

    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == dump
    assert NormalizedDump.from_json(dump.to_json(), dump.directory) == dump
    assert latest_normalized(tmp_path / "lake", REVIEW, DUMP_DATE) is None


def test_the_same_content_is_normalized_once(tmp_path: Path) -> None:
    first = normalize(tmp_path, DUMP).dump
    (tmp_path / "dump" / "a.ndjson").unlink()  # would be missed if it were read again

    files = list(first.files)
    again = normalize_dump(COMMENT, DUMP_DATE, tmp_path / "dump", files, tmp_path / "lake", Rules())

    assert again == first


def test_content_that_came_back_is_the_latest_again(tmp_path: Path) -> None:
    first = normalize(tmp_path, DUMP).dump
    second = normalize(tmp_path, DUMP | {"b.ndjson": b""}).dump
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == second

    normalize(tmp_path, DUMP)

    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == first


def test_the_fingerprint_covers_what_bears_on_the_outcome_and_nothing_else(tmp_path: Path) -> None:
    files = deliver(tmp_path, DUMP)
    rules = Rules()
    own = content_fingerprint(COMMENT, DUMP_DATE, files, rules)

    others = [
        content_fingerprint(REVIEW, DUMP_DATE, files, rules),
        content_fingerprint(COMMENT, date(2026, 3, 2), files, rules),
        content_fingerprint(COMMENT, DUMP_DATE, files[1:], rules),
        content_fingerprint(COMMENT, DUMP_DATE, [replace(files[0], path="c.ndjson"), *files[1:]], rules),
        content_fingerprint(COMMENT, DUMP_DATE, [replace(files[0], sha256="0"), *files[1:]], rules),
        content_fingerprint(COMMENT, DUMP_DATE, files, replace(rules, phone_region="DE")),
    ]
    assert len({own, *others}) == len(others) + 1
    assert content_fingerprint(COMMENT, DUMP_DATE, files[::-1], rules) == own


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_bytes", [300, 1 << 20])
def test_how_the_work_is_cut_does_not_matter(tmp_path: Path, workers: int, batch_bytes: int) -> None:
    records = [
        comment(n % 30, content=None if n % 7 == 0 else f"{n}", customerPhone="x" * (n % 3)) for n in range(90)
    ]
    content = {"a.ndjson": ndjson(*records[:40]), "b.json": json.dumps(records[40:]).encode()}
    plain = normalize(tmp_path / "plain", content, workers=1, batch_bytes=1 << 20)

    cut = normalize(tmp_path / "cut", content, workers=workers, batch_bytes=batch_bytes)

    assert cut.accepted.equals(plain.accepted)
    assert cut.superseded.equals(plain.superseded)
    assert cut.quarantined.equals(plain.quarantined)
    assert replace(cut.dump, directory=plain.dump.directory) == plain.dump


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "a.csv"])
def test_a_batch_of_very_many_short_records_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Short bad lines would make more records of one batch than fit into memory."""
    records = [comment(n, content=None if n % 3 else "x") for n in range(10)]
    content = {
        "a.ndjson": ndjson(*records[:5], {"entries": records[5:]}) + b"\xff\n",
        "a.json": json.dumps(records).encode(),
        "a.csv": b"commentId,content\n" + b"".join(b"%d,x\n" % n for n in range(9)) + b"1,\xff\n",
    }[name]
    whole = normalize(tmp_path / "whole", {name: content})
    monkeypatch.setattr(decode_module, "MOST_ROWS", 3)

    cut = normalize(tmp_path / "cut", {name: content})

    assert cut.accepted.equals(whole.accepted)
    assert cut.quarantined.equals(whole.quarantined)
    assert len(cut.dump.quarantined_files) > len(whole.dump.quarantined_files) == 1


def test_a_dump_that_the_exact_lane_had_to_judge_says_why(tmp_path: Path) -> None:
    told: list[str] = []
    files = deliver(
        tmp_path / "dump", {"a.ndjson": ndjson(*(comment(n, content=None) for n in range(9)), comment(9))}
    )

    normalize_dump(COMMENT, DUMP_DATE, tmp_path / "dump", files, tmp_path / "lake", Rules(), progress=told.append)

    assert told[-1] == (
        "customer-product-comment 2026-03-01: the exact lane judged 90% of the records; "
        "the commonest cause (9): content: required"
    )


def test_where_the_counts_do_not_balance_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_module, "_rows_in", lambda _: 1)

    with pytest.raises(RecordsLostError, match="read 4 records"):
        normalize(tmp_path, DUMP)

    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) is None


KILLED = """
import os, signal, sys
from pathlib import Path
from cdp_etl.normalize import {module} as module
from cdp_etl_tests.normalize.delivering import normalize, ndjson, comment
kept = module.{function}
def killed(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
module.{function} = killed
normalize(Path(sys.argv[1]), {{"a.ndjson": ndjson(comment(1), comment(1), comment(2))}})
"""


@pytest.mark.parametrize(
    ("module", "function"),
    [
        pytest.param("batch", "enrich", id="in the middle of a batch"),
        pytest.param("dump", "settle_versions", id="after the batches"),
        pytest.param("versions", "_rewrite", id="while versions are settled"),
        pytest.param("dump", "_check_conservation", id="before the balance"),
        pytest.param("lake", "_write_durably", id="before it is published"),
        pytest.param("lake.DumpShelf", "point_at", id="before it is the latest"),
    ],
)
def test_a_run_that_is_killed_leaves_nothing_half_visible_and_is_cleaned_up(
    tmp_path: Path, module: str, function: str
) -> None:
    code = KILLED.format(module=module.partition(".")[0], function=function)
    if "." in module:
        code = code.replace("module.", "module.DumpShelf.").replace(
            "module.DumpShelf.partition", "module.partition"
        )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    shelf = tmp_path / "lake" / COMMENT.table / DUMP_DATE.isoformat()
    assert killed.returncode == -9
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) is None

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1), comment(1), comment(2))})

    assert (outcome.dump.accepted, outcome.dump.superseded) == (2, 1)
    assert sorted(path.name for path in shelf.iterdir()) == sorted([outcome.dump.content_fingerprint, "latest"])


def test_runs_that_overlap_publish_one_outcome(tmp_path: Path) -> None:
    files = deliver(tmp_path / "dump", DUMP)
    imports = "import sys; from pathlib import Path; from cdp_etl_tests.normalize.lake.test_store import run"
    code = f"{imports}; run(Path(sys.argv[1]))"

    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]

    assert [run.wait(timeout=120) for run in runs] == [0, 0]

    latest = latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE)
    assert latest is not None
    assert latest.content_fingerprint == content_fingerprint(COMMENT, DUMP_DATE, files, Rules())
    assert latest.accepted == 2


def run(root: Path) -> None:
    """What each of two overlapping processes does."""
    normalize(root, DUMP)
