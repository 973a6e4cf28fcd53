"""Shell of `cdp-etl sql`: statements with history and completion, until Ctrl-D."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from cdp_etl.cli.output import err, out, print_error
from cdp_etl.cli.statement_check import QueryError

_WORD: Final = re.compile(r"[\w.]+")
_TABLES: Final = """
SELECT table_schema AS schema, table_name AS "table" FROM information_schema.tables
WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY ALL
"""
_COLUMNS: Final = "SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal"
_KEYWORDS: Final = "SELECT upper(keyword_name) FROM duckdb_keywords()"
_COMMANDS: Final = {
    ".tables": "list the tables",
    ".columns TABLE": "list the columns of a table, with their types",
    ".help": "list these commands",
    ".quit": "leave the shell, as Ctrl-D does",
}

Answer = Callable[[str], None]
"""Runs one statement and prints its rows.

Raises:
    QueryError: If the statement is refused or rejected.
"""


def run_shell(connection: duckdb.DuckDBPyConnection, answer: Answer) -> None:
    """Read statements and answer them, until Ctrl-D or `.quit`. Ctrl-C discards the statement or stops the query.

    Args:
        connection: Connection of the queries, for the names that are completed.
        answer: Runs one statement.
    """
    prompt: PromptSession[str] = PromptSession(
        history=_history(), completer=completer(connection), multiline=True, key_bindings=_keys()
    )
    err().print("A statement ends with ; and Enter. .help lists the commands, Ctrl-D leaves.")
    while True:
        try:
            text = prompt.prompt("sql> ", prompt_continuation="...> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text == ".quit":
            return
        try:
            if text:
                answer_line(text, answer)
        except QueryError as error:
            print_error(str(error))
        except KeyboardInterrupt:
            print_error("The query was stopped.")


def answer_line(text: str, answer: Answer) -> None:
    """Answer a statement, or a command that begins with a dot.

    Raises:
        QueryError: If the statement is refused or rejected, or there is no such command.
    """
    if not text.startswith("."):
        answer(text)
        return
    command, _, argument = text.rstrip(";").partition(" ")
    if command == ".help":
        for name, meaning in _COMMANDS.items():
            out().print(f"{name.ljust(16)} {meaning}")
    elif command == ".tables":
        answer(_TABLES)
    elif command == ".columns" and argument:
        answer(f"SELECT column_name, column_type FROM (DESCRIBE {argument})")
    else:
        raise QueryError(f"{command}: there is no such command; .help lists them.")


def completer(connection: duckdb.DuckDBPyConnection) -> WordCompleter:
    """Return the completion of keywords, tables, columns and commands."""
    tables = [(f"{schema}.{table}", table) for schema, table in connection.execute(_TABLES).fetchall()]
    words = [name for names in tables for name in names]
    words += [name for query in (_COLUMNS, _KEYWORDS) for (name,) in connection.execute(query).fetchall()]
    return WordCompleter(
        sorted({*words, *(name.split()[0] for name in _COMMANDS)}), ignore_case=True, pattern=_WORD
    )


def _history() -> History:
    """Return the history of the user, in a file that only the user can read; statements may have personal data."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    folder = state / "cdp-etl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sql_history").touch(mode=0o600)
    except OSError as error:
        err().print(f"The history is not kept: {folder}: {error.strerror}.")
        return InMemoryHistory()
    return FileHistory(str(folder / "sql_history"))


def _keys() -> KeyBindings:
    """Return the binding of Enter: it ends a complete input, and else begins a new line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        text = event.current_buffer.text.strip()
        if is_complete(text):
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.insert_text("\n")

    return keys


def is_complete(text: str) -> bool:
    """Return whether Enter ends the input: nothing, a command, or a statement with its semicolon."""
    return not text or text.startswith(".") or text.endswith(";")
