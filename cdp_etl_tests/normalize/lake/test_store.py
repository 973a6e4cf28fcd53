"""The lake: outputs are published atomically and depend on content alone."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import QUARANTINE_COLUMNS, lake_columns
from cdp_etl.normalize import (
    NormalizedDump,
    RecordsLostError,
    content_fingerprint,
    latest_normalized,
    normalize_dump,
)
from cdp_etl.normalize import normalize as normalize_module
from cdp_etl.normalize.readers import dispatch as dispatch_module
from cdp_etl_tests.normalize.harness import COMMENT, DUMP_DATE, REVIEW, comment, deliver, ndjson, normalize

DUMP = {
    "a.ndjson": ndjson(comment(1), comment(2), comment(2, content="newer")),
    "b.ndjson": ndjson(comment(3, content=None)),
    "_SUCCESS": b"",
}


def test_the_lake_has_accepted_superseded_and_quarantined_records_in_the_contracts_columns(tmp_path: Path) -> None:
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
    (tmp_path / "dump" / "a.ndjson").unlink()  # reading it again would fail

    files = list(first.files)
    again = normalize_dump(
        COMMENT, DUMP_DATE, tmp_path / "dump", files, tmp_path / "lake", NormalizationSettings()
    )

    assert again == first


def test_content_delivered_again_is_the_latest_again(tmp_path: Path) -> None:
    first = normalize(tmp_path, DUMP).dump
    second = normalize(tmp_path, DUMP | {"b.ndjson": b""}).dump
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == second

    normalize(tmp_path, DUMP)

    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) == first


def test_the_fingerprint_covers_all_inputs_and_nothing_else(tmp_path: Path) -> None:
    files = deliver(tmp_path, DUMP)
    settings = NormalizationSettings()
    own = content_fingerprint(COMMENT, DUMP_DATE, files, settings)

    others = [
        content_fingerprint(REVIEW, DUMP_DATE, files, settings),
        content_fingerprint(COMMENT, date(2026, 3, 2), files, settings),
        content_fingerprint(COMMENT, DUMP_DATE, files[1:], settings),
        content_fingerprint(COMMENT, DUMP_DATE, [replace(files[0], path="c.ndjson"), *files[1:]], settings),
        content_fingerprint(COMMENT, DUMP_DATE, [replace(files[0], sha256="0"), *files[1:]], settings),
        content_fingerprint(COMMENT, DUMP_DATE, files, replace(settings, phone_region="DE")),
    ]
    assert len({own, *others}) == len(others) + 1
    assert content_fingerprint(COMMENT, DUMP_DATE, files[::-1], settings) == own


@pytest.mark.full
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_bytes", [300, pytest.param(1 << 20, marks=pytest.mark.full)])
def test_batches_and_workers_do_not_change_the_output(tmp_path: Path, workers: int, batch_bytes: int) -> None:
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
def test_a_batch_of_very_many_short_records_is_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Otherwise one batch of short invalid lines would have more records than fit into memory."""
    records = [comment(n, content=None if n % 3 else "x") for n in range(10)]
    content = {
        "a.ndjson": ndjson(*records[:5], {"entries": records[5:]}) + b"\xff\n",
        "a.json": json.dumps(records).encode(),
        "a.csv": b"commentId,content\n" + b"".join(b"%d,x\n" % n for n in range(9)) + b"1,\xff\n",
    }[name]
    whole = normalize(tmp_path / "whole", {name: content})
    monkeypatch.setattr(dispatch_module, "MAX_ROWS", 3)

    cut = normalize(tmp_path / "cut", {name: content})

    assert cut.accepted.equals(whole.accepted)
    assert cut.quarantined.equals(whole.quarantined)
    assert len(cut.dump.quarantined_files) > len(whole.dump.quarantined_files) == 1


def test_progress_reports_why_the_reference_path_validated_many_records(tmp_path: Path) -> None:
    messages: list[str] = []
    files = deliver(
        tmp_path / "dump", {"a.ndjson": ndjson(*(comment(n, content=None) for n in range(9)), comment(9))}
    )

    normalize_dump(
        COMMENT,
        DUMP_DATE,
        tmp_path / "dump",
        files,
        tmp_path / "lake",
        NormalizationSettings(),
        progress=messages.append,
    )

    assert messages[-1] == (
        "customer-product-comment 2026-03-01: the reference path validated 90% of the records; "
        "the most common cause (9): content: required"
    )


def test_nothing_is_stored_if_the_counts_do_not_balance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalize_module, "_rows_in", lambda _: 1)

    with pytest.raises(RecordsLostError, match="read 4 records"):
        normalize(tmp_path, DUMP)

    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) is None


KILLED = """
import importlib, os, signal, sys
from pathlib import Path
owner = importlib.import_module("cdp_etl.normalize.{module}")
from cdp_etl_tests.normalize.harness import normalize, ndjson, comment
def killed(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
*path, name = "{function}".split(".")
for part in path:
    owner = getattr(owner, part)
getattr(owner, name)
setattr(owner, name, killed)
normalize(Path(sys.argv[1]), {{"a.ndjson": ndjson(comment(1), comment(1), comment(2))}})
"""


@pytest.mark.full
@pytest.mark.parametrize(
    ("module", "function"),
    [
        pytest.param("batch", "derive_columns", id="in the middle of a batch"),
        pytest.param("normalize", "resolve_duplicates", id="after the batches"),
        pytest.param("dedup.resolve", "_rewrite", id="while duplicates are resolved"),
        pytest.param("normalize", "_check_conservation", id="before the counts are checked"),
        pytest.param("lake.store", "write_file", id="before it is published"),
        pytest.param("lake.store", "DumpFolder.set_latest", id="before it is the latest"),
    ],
)
def test_a_killed_run_leaves_no_partial_output_and_is_cleaned_up(
    tmp_path: Path, module: str, function: str
) -> None:
    code = KILLED.format(module=module, function=function)
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    folder = tmp_path / "lake" / COMMENT.table / DUMP_DATE.isoformat()
    assert killed.returncode == -9
    assert latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE) is None

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1), comment(1), comment(2))})

    assert (outcome.dump.accepted, outcome.dump.superseded) == (2, 1)
    expected = [".outputs.lock", outcome.dump.content_fingerprint, "latest"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(expected)


@pytest.mark.full
def test_concurrent_runs_publish_one_output(tmp_path: Path) -> None:
    files = deliver(tmp_path / "dump", DUMP)
    imports = "import sys; from pathlib import Path; from cdp_etl_tests.normalize.lake.test_store import run"
    code = f"{imports}; run(Path(sys.argv[1]))"

    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]

    assert [run.wait(timeout=120) for run in runs] == [0, 0]

    latest = latest_normalized(tmp_path / "lake", COMMENT, DUMP_DATE)
    assert latest is not None
    assert latest.content_fingerprint == content_fingerprint(COMMENT, DUMP_DATE, files, NormalizationSettings())
    assert latest.accepted == 2


def run(root: Path) -> None:
    """Normalize the dump; each of two concurrent processes calls this."""
    normalize(root, DUMP)
