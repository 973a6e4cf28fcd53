"""`cdp-etl sql` reads the snapshot, and nothing else; it writes only the file of `--output`."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow.parquet as pq
import pytest

from cdp_etl.cli import sql as sql_module
from cdp_etl.cli.output import paged, print_rows
from cdp_etl.cli.warehouse_copy import reading_copy
from cdp_etl.data_folder import protect_data_folder
from cdp_etl.settings import load_settings
from cdp_etl_tests.cli.conftest import Command

PUBLISHED = Path("data/published")
HIDDEN_NAME = "Nguyen Van Canary"
COPY = "COPY (SELECT 1) TO 'data/published/snapshots/1/interaction.parquet'"


@pytest.fixture
def published(cdp_etl: Command) -> Command:
    """Return the command in a folder with a small snapshot, and files outside of it."""
    data = PUBLISHED.absolute() / "snapshots/1/interaction.parquet"
    data.parent.mkdir(parents=True)
    with duckdb.connect(PUBLISHED / "cdp.duckdb") as connection:
        connection.execute(f"COPY (SELECT i AS id, '=1+' || i AS name FROM range(3) AS r(i)) TO '{data}'")
        connection.execute("CREATE SCHEMA marts")
        connection.execute(f"CREATE VIEW marts.interaction AS SELECT * FROM read_parquet(['{data}'])")
    Path("data/secret.csv").write_text(f"name\n{HIDDEN_NAME}\n", encoding="utf-8")
    with duckdb.connect("data/warehouse.duckdb") as connection:
        connection.execute("CREATE TABLE person AS SELECT ? AS name", [HIDDEN_NAME])
    protect_data_folder(load_settings())
    return cdp_etl


def contents() -> Mapping[Path, bytes]:
    """Return all files below the working folder with their bytes."""
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def serialized(statement: str) -> str:
    """Return a statement in the form that `json_execute_serialized_sql` runs."""
    with duckdb.connect() as connection:
        ((tree,),) = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()
    return str(tree).replace("'", "''")


SERIALIZED_COPY = serialized(f"WITH written AS ({COPY}) FROM written")
REFUSED = {
    COPY: "COPY is refused",
    "COPY marts.interaction FROM 'data/secret.csv'": "COPY is refused",
    "EXPORT DATABASE 'data/export'": "EXPORT is refused",
    "IMPORT DATABASE 'data/export'": "PRAGMA is refused",
    "ATTACH 'data/warehouse.duckdb'": "ATTACH is refused",
    "INSTALL httpfs": "LOAD is refused",
    "LOAD httpfs": "LOAD is refused",
    "SET enable_external_access = true": "SET is refused",
    "RESET lock_configuration": "SET is refused",
    "PRAGMA database_list": "PRAGMA is refused",
    "CALL enable_profiling(save_location = 'data/profile')": "CALL is refused",
    "CREATE TABLE x (i INT)": "CREATE is refused",
    "DROP VIEW marts.interaction": "DROP is refused",
    "PREPARE p AS SELECT 1": "PREPARE is refused",
    "SELECT 1; SELECT 2": "2 statements are refused",
    f"SELECT 1; {COPY}": "2 statements are refused",
    "/* nothing */": "0 statements are refused",
    f"EXPLAIN ANALYZE {COPY}": "EXPLAIN of COPY is refused",
    f"EXPLAIN (ANALYZE, FORMAT json) {COPY}": "EXPLAIN of COPY is refused",
    f"/* EXPLAIN SELECT 1 */ EXPLAIN ANALYZE {COPY}": "EXPLAIN must come first",
    f"WITH written AS ({COPY}) FROM written": "COPY within a query is refused",
    f"EXPLAIN ANALYZE WITH written AS ({COPY}) FROM written": "COPY within a query is refused",
    f"FROM query($$WITH written AS ({COPY}) FROM written$$)": "The table function query is refused",
    f"FROM json_execute_serialized_sql('{SERIALIZED_COPY}')": "json_execute_serialized_sql is refused",
    "FROM enable_logging(storage = 'file', storage_path = 'data/log')": "enable_logging is refused",
    "PIVOT marts.interaction ON name": "PIVOT without IN is several statements",
}

HIDDEN = [
    "FROM 'data/secret.csv'",
    "FROM 'data/published/../secret.csv'",
    "FROM read_parquet('data/secret.csv')",
    "FROM glob('data/*')",
    "FROM 'https://example.com/x.csv'",
    "SELECT * FROM snapshot, published, text, connection",
    "FROM read_duckdb('data/warehouse.duckdb', table_name = 'person')",
    "SELECT getenv('HOME')",
]


@pytest.mark.parametrize(("statement", "message"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_statement_that_could_write_is_refused_by_its_type(
    published: Command, statement: str, message: str
) -> None:
    before = contents()

    ended = published("sql", statement)

    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert contents() == before


@pytest.mark.parametrize("query", HIDDEN)
def test_nothing_outside_the_snapshot_can_be_read(published: Command, query: str) -> None:
    ended = published("sql", query)

    assert (ended.code, ended.out) == (2, "")
    assert HIDDEN_NAME not in ended.err
    assert ended.err.startswith("Error: ")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM marts.interaction",
        "/* a comment */ SELECT 1; -- another",
        "FROM marts.interaction",
        "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 3) FROM r",
        "EXPLAIN SELECT * FROM marts.interaction",
        "EXPLAIN ANALYZE SELECT * FROM marts.interaction",
        "EXPLAIN (FORMAT json) SELECT 1",
        "DESCRIBE marts.interaction",
        "SHOW ALL TABLES",
        "SUMMARIZE marts.interaction",
        "PIVOT marts.interaction ON id IN (0, 1) USING count(*)",
        "FROM read_parquet('data/published/snapshots/*/*.parquet')",
        f"SELECT {'+'.join(['1'] * 500)}",
    ],
)
def test_a_statement_that_reads_is_answered(published: Command, query: str) -> None:
    before = contents()

    ended = published("sql", query, "--format", "csv")

    assert (ended.code, ended.err) == (0, "")
    assert len(ended.out.splitlines()) > 1
    assert contents() == before


def test_an_error_while_rows_are_produced_is_duckdbs_sentence(published: Command) -> None:
    query = "SELECT CASE WHEN i = 30000 THEN error('too far') ELSE i END FROM range(40000) AS r(i)"

    ended = published("sql", query, "--format", "csv")

    assert ended.code == 2
    assert "too far" in ended.err


def test_a_user_who_cannot_read_the_snapshot_is_told_who_can(
    published: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: "cdp.duckdb" not in str(path) or mode != os.R_OK)

    ended = published("sql", "SELECT 1")

    assert (ended.code, ended.out) == (1, "")
    assert "CDP_ETL_READERS_GROUP names the group that reads it" in " ".join(ended.err.split())


def test_csv_has_no_formula_unless_exact_is_asked_for(published: Command) -> None:
    query = ("sql", "FROM marts.interaction ORDER BY id LIMIT 1")

    guarded = published(*query, "--format", "csv").out
    exact = published(*query, "--format", "csv", "--exact").out
    as_json = published(*query, "--format", "json").out

    assert (guarded, exact) == ("id,name\n0,'=1+0\n", "id,name\n0,=1+0\n")
    assert json.loads(as_json) == [{"id": 0, "name": "=1+0"}]


def test_rows_are_written_to_a_new_file_for_its_owner(published: Command) -> None:
    query = ("sql", "FROM marts.interaction ORDER BY id", "--output")

    ended = [published(*query, f"rows.{suffix}") for suffix in ("csv", "ndjson", "parquet")]
    exact = published(*query, "exact.csv", "--exact")
    again = published(*query, "rows.csv")

    rows = [{"id": number, "name": f"=1+{number}"} for number in range(3)]
    assert [one.code for one in (*ended, exact)] == [0] * 4
    assert ended[0].out == "rows.csv: 3 rows.\n"
    guarded = list(csv.DictReader(io.StringIO(Path("rows.csv").read_text(encoding="utf-8"))))
    assert [row["name"] for row in guarded] == ["'=1+0", "'=1+1", "'=1+2"]
    assert "'" not in Path("exact.csv").read_text(encoding="utf-8")
    assert [json.loads(line) for line in Path("rows.ndjson").read_text(encoding="utf-8").splitlines()] == rows
    assert pq.read_table("rows.parquet").to_pylist() == rows
    assert {Path(f"rows.{suffix}").stat().st_mode & 0o777 for suffix in ("csv", "ndjson", "parquet")} == {0o600}
    assert (again.code, "rows.csv exists" in again.err) == (1, True)


@pytest.mark.parametrize("name", ["rows.ods", "rows", "missing/rows.csv"])
def test_an_output_of_another_format_or_folder_is_wrong_usage(published: Command, name: str) -> None:
    assert published("sql", "SELECT 1", "--output", name).code == 2


def test_a_wide_result_is_printed_as_records_and_times_have_their_zone(published: Command) -> None:
    columns = ", ".join(f"'{'x' * 30}' AS column_{number}" for number in range(10))

    wide = published("sql", f"SELECT {columns}, TIMESTAMPTZ '2026-03-01 12:00:00+07' AS at").out.splitlines()
    narrow = published("sql", "SELECT TIMESTAMPTZ '2026-03-01 12:00:00+07' AS at").out

    assert wide[0].startswith("── 1 ──")
    assert wide[1] == f"column_0   {'x' * 30}"
    assert wide[-1] == "at         2026-03-01 05:00:00+00:00"
    assert "2026-03-01 05:00:00+00:00" in narrow
    assert "──" in narrow.splitlines()[0] or "━" in narrow


def test_a_value_of_several_lines_cannot_pass_for_another_record(published: Command) -> None:
    columns = ", ".join(f"'{'x' * 30}' AS column_{number}" for number in range(10))

    lines = published("sql", f"SELECT {columns}, 'a\n── 2 ──\nrole\tadmin' AS note").out.splitlines()

    assert len(lines) == 12
    assert lines[-1] == r"note       a\u000a── 2 ──\u000arole\u0009admin"


@pytest.mark.parametrize(
    "command", [("sql", "SELECT 1"), ("export", "--to", "x"), ("export", "--to", "x", "--format", "duckdb")]
)
@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda _: b"x" * 5_000, lambda content: content[:20_000]],
    ids=["empty", "garbage", "cut"],
)
def test_a_damaged_file_of_the_snapshot_is_named_with_what_repairs_it(
    published: Command, command: Sequence[str], damage: Callable[[bytes], bytes]
) -> None:
    file = PUBLISHED / "cdp.duckdb"
    file.write_bytes(damage(file.read_bytes()))

    ended = published(*command)

    assert (ended.code, ended.out) == (1, "")
    assert f"The published file {file.absolute()} is damaged" in ended.err
    assert "`cdp-etl check --full`" in ended.err
    assert "`cdp-etl marts publish`" in ended.err
    assert not any(Path().glob("x/*"))


def test_damage_that_appears_while_rows_are_read_is_named_as_well(published: Command) -> None:
    file = PUBLISHED / "cdp.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE rows AS SELECT md5(i::VARCHAR) AS text FROM range(200_000) AS r(i)")
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2)
        stream.write(bytes(262_144))

    ended = published("sql", "SELECT max(text) FROM rows")

    assert ended.code == 1
    assert f"The published file {file.absolute()} is damaged" in ended.err


def test_parquet_is_written_to_a_pipe_and_not_to_a_terminal(
    published: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Output(io.TextIOWrapper):
        is_terminal = False

        def isatty(self) -> bool:
            return self.is_terminal

    raw = io.BytesIO()
    piped = Output(raw)
    monkeypatch.setattr(sql_module, "sys", SimpleNamespace(stdout=piped))
    query = ("sql", "SELECT 1 AS number", "--format", "parquet")

    assert published(*query).code == 0
    assert pq.read_table(io.BytesIO(raw.getvalue())).to_pylist() == [{"number": 1}]
    piped.is_terminal = True
    refused = published(*query)
    assert (refused.code, "redirect the output" in " ".join(refused.err.split())) == (2, True)


@pytest.mark.parametrize("table", ["ops.load", "staging.quarantine"])
def test_a_table_that_only_the_warehouse_has_is_reported_with_its_place(published: Command, table: str) -> None:
    ended = published("sql", f"SELECT * FROM {table}")

    assert ended.code == 2
    assert "are in the warehouse: add --warehouse" in ended.err


@pytest.fixture
def warehouse(cdp_etl: Command) -> Command:
    """Return the command in a folder with an empty warehouse."""
    with load_settings().open_warehouse().writing():
        return cdp_etl


def test_a_copy_of_the_warehouse_answers_and_is_gone_afterwards(warehouse: Command) -> None:
    query = "SELECT (SELECT count(*) FROM ops.load) + (SELECT count(*) FROM staging.quarantine) AS n"
    folder = Path("data/warehouse")
    before = {path.name for path in folder.iterdir()}

    ended = warehouse("sql", query, "--warehouse", "--format", "json")
    elsewhere = warehouse("sql", "FROM 'data/warehouse/cdp.duckdb'", "--warehouse")
    writing = warehouse("sql", "DELETE FROM ops.load", "--warehouse")

    assert (ended.code, json.loads(ended.out)) == (0, [{"n": 0}])
    assert "Reading a copy of the warehouse: " in ended.err
    assert (elsewhere.code, writing.code) == (2, 2)
    assert "DELETE is refused" in writing.err
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.usefixtures("warehouse")
def test_a_query_on_the_copy_does_not_hold_up_a_load() -> None:
    original = load_settings().open_warehouse()
    count = "SELECT count(*) FROM ops.metadata"

    with reading_copy(original) as copy:
        ((before,),) = copy.execute(count).fetchall()
        with original.writing() as connection:
            connection.execute("INSERT INTO ops.metadata SELECT 'added' AS name, 'later' AS value")
        assert copy.execute(count).fetchall() == [(before,)]

    with original.reading() as connection:
        assert connection.execute(count).fetchall() == [(before + 1,)]


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("first_process", ["runs", "has ended"])
def test_a_session_uses_its_copy_again_until_a_fresh_one_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, first_process: str
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    first = ended.pid if first_process == "has ended" else os.getpid()
    monkeypatch.setattr(os, "getsid", lambda _: first)
    original = load_settings().open_warehouse()
    counts: list[int] = []

    for is_fresh in (False, False, True):
        with reading_copy(original, is_fresh=is_fresh, is_kept=True) as copy:
            counts += copy.execute("SELECT count(*) FROM ops.metadata WHERE value = 'later'").fetchone() or ()
        if len(counts) == 1:
            with original.writing() as connection:
                connection.execute("INSERT INTO ops.metadata SELECT 'added' AS name, 'later' AS value")

    assert counts == [0, 0, 1]
    assert len(list(original.path.parent.glob(".sql-*"))) == 1
    assert "--fresh makes a new one" in capsys.readouterr().err


@pytest.mark.usefixtures("warehouse")
def test_copies_that_ended_sessions_and_killed_commands_left_are_deleted() -> None:
    original = load_settings().open_warehouse()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [f".sql-{ended.pid}-123-456", f".sql-{os.getpid()}-1", ".sql-x7k2q9"]
    for name in left:
        original.path.with_name(name).mkdir()

    with reading_copy(original, is_kept=False):
        pass

    assert list(original.path.parent.glob(".sql-*")) == []


class Terminal(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("rows", "pages"), [(3, 0), (60, 1)])
def test_a_result_that_is_longer_than_the_terminal_is_shown_by_a_pager(
    monkeypatch: pytest.MonkeyPatch, rows: int, pages: int
) -> None:
    shown: list[str] = []
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("pydoc.pager", shown.append)
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)

    with paged() as console:
        print_rows(["number"], [[number] for number in range(rows)], console)

    assert len(shown) == pages
    assert str(rows - 1) in (shown or [terminal.getvalue()])[0]
