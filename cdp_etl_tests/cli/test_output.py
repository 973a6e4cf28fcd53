"""Values in tables, sentences, JSON and CSV: shown as they are, and unable to steer a terminal."""

import io
import json
import sys

import pytest

from cdp_etl.cli import output

HOSTILE = "\x1b[2J\x1b]0;title\x07 \u202egpj.exe \x9b31m"
ESCAPED = r"\u001b[2J\u001b]0;title\u0007 \u202egpj.exe \u009b31m"
MARKUP = ["[red]x[/red]", r"\[red]x", "[link=https://example.com]x[/link]", "[/]", ":warning:", "[bold"]


class Terminal(io.StringIO):
    """Standard output on a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


@pytest.mark.parametrize("value", MARKUP)
def test_a_table_shows_markup_literally_in_cells_lists_and_headers(
    capsys: pytest.CaptureFixture[str], value: str
) -> None:
    output.print_table((value,), [(value,), ([value],)])

    printed = capsys.readouterr().out
    assert printed.count(value) + printed.count(json.dumps(value)[1:-1]) >= 3


@pytest.mark.parametrize("value", MARKUP)
def test_a_sentence_shows_markup_literally(capsys: pytest.CaptureFixture[str], value: str) -> None:
    output.out().print(f"{value}: 3 records.")
    output.print_error(value)

    printed = capsys.readouterr()
    assert printed.out == f"{value}: 3 records.\n"
    assert printed.err == f"{value}\n"


def test_control_characters_and_bidi_marks_are_escaped_in_tables_and_sentences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.print_table((HOSTILE,), [(HOSTILE,)])
    output.out().print(HOSTILE)
    output.print_error(HOSTILE)

    printed = capsys.readouterr()
    assert printed.out.count(ESCAPED) == 3
    assert printed.err == f"{ESCAPED}\n"


def test_progress_on_a_terminal_shows_markup_literally(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    with output.progress() as report:
        report(f"{MARKUP[0]} {HOSTILE}")

    assert f"{MARKUP[0]} {ESCAPED}" in terminal.getvalue()


def test_json_and_csv_on_a_terminal_are_escaped_and_json_keeps_its_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    output.print_json([HOSTILE])
    output.print_json_array([HOSTILE])
    as_json = terminal.getvalue()
    output.print_csv(("name",), [(HOSTILE,)], is_exact=True)

    first, rest = json.JSONDecoder().raw_decode(as_json)
    assert first == json.loads(as_json[rest:]) == [HOSTILE]
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(terminal.getvalue())


def test_json_and_csv_for_a_program_have_the_exact_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_csv(("name",), [("a\u202eb",)], is_exact=True)
    output.print_json(["a\u202eb"])

    assert capsys.readouterr().out == 'name\na\u202eb\n[\n  "a\u202eb"\n]\n'


def test_the_command_in_the_detail_of_a_failed_check_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    command = "`cdp-etl run --deep --entity customer-product-subscriber --from 2026-03-02`"
    damaged = f"1 dumps are damaged. 2026-03-02: {'x' * 70}/part-1.ndjson; run {command}."

    output.print_checks(
        ("table", "check", "passed", "detail"),
        [("lake.sms", "files_are_intact", True, "well"), ("archive.sms", "files_are_intact", False, damaged)],
    )

    *table, last = capsys.readouterr().out.splitlines()
    assert last == f"archive.sms files_are_intact: {damaged}"
    assert sum("well" in line or "see below" in line for line in table) == 2
