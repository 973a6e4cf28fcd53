"""Shell of `cdp-etl sql`: statements over several lines, commands, completion, history."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from cdp_etl.cli.sql_shell import completer, is_complete, run_shell
from cdp_etl.cli.statement_check import QueryError

CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with duckdb.connect() as opened:
        opened.execute("CREATE SCHEMA marts; CREATE TABLE marts.interaction (customer_key TEXT)")
        yield opened


def answered(connection: duckdb.DuckDBPyConnection, keys: str) -> list[str]:
    """Return the statements that are answered when these keys are pressed."""
    statements: list[str] = []

    def answer(statement: str) -> None:
        statements.append(statement)
        if "nothing" in statement:
            raise QueryError("nothing: no such column.")

    with create_pipe_input() as pressed, create_app_session(input=pressed, output=DummyOutput()):
        pressed.send_text(keys)
        run_shell(connection, answer)
    return statements


def test_a_statement_may_have_several_lines_and_an_error_ends_nothing(
    connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(connection, f"SELECT nothing;\rSELECT\r1;\r{CTRL_D}") == ["SELECT nothing;", "SELECT\n1;"]
    assert "no such column" in capsys.readouterr().err


def test_ctrl_c_discards_the_statement_and_quit_leaves(connection: duckdb.DuckDBPyConnection) -> None:
    assert answered(connection, f"SELECT{CTRL_C}FROM x;\r.quit\rSELECT 2;\r") == ["FROM x;"]


def test_commands_list_tables_and_columns(
    connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    tables, columns = answered(connection, f".help\r.tables\r.columns marts.interaction\r.table\r{CTRL_D}")

    assert connection.execute(tables).fetchall() == [("marts", "interaction")]
    assert connection.execute(columns).fetchall() == [("customer_key", "VARCHAR")]
    shown = capsys.readouterr()
    assert ".columns TABLE" in shown.out
    assert ".table: there is no such command" in shown.err


@pytest.mark.parametrize(
    ("typed", "completion"),
    [
        ("FROM inter", "interaction"),
        ("FROM marts.i", "marts.interaction"),
        ("SELECT cust", "customer_key"),
        ("sel", "SELECT"),
        (".ta", ".tables"),
    ],
)
def test_tables_columns_keywords_and_commands_are_completed(
    connection: duckdb.DuckDBPyConnection, typed: str, completion: str
) -> None:
    offered = completer(connection).get_completions(Document(typed), CompleteEvent())

    assert completion in [one.text for one in offered]


def test_the_history_is_kept_for_its_owner(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    answered(connection, f"SELECT 1;\r{CTRL_D}")

    history = tmp_path / "state/cdp-etl/sql_history"
    assert "SELECT 1;" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def test_enter_ends_a_complete_input_only() -> None:
    assert [is_complete(text) for text in ("", ".tables", "SELECT 1;", "SELECT 1", "SELECT ';' AS")] == [
        True,
        True,
        True,
        False,
        False,
    ]
