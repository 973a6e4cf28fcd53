"""A recorded session of a new installation. `python -m cdp_etl_tests.end_to_end.tour` records docs/tour.md again.

The page has the commands, in lines that begin with `$`; the lines after each are what it printed. What differs
between two machines or days is replaced: the folder, times of loads, and yesterday's date. Progress is left out,
because its lines depend on the speed of the machine.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TOUR: Final = Path(__file__).parents[2] / "docs" / "tour.md"

_PROGRAM: Final = f"""#!{sys.executable}
from cdp_etl.cli import main, output
output._MIN_SECONDS_BETWEEN_LINES = float("inf")
main()
"""
_CONSOLE, _END, _PROMPT = "```console", "```", "$ "
_FOLDER: Final = "/srv/shop"
_REPLACED: Final = (
    (re.compile(r"^20\d\d-\d\d-\d\d(?=: 0 of 6 dumps)", re.MULTILINE), "2026-03-03"),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d\b"), "2026-03-03 06:00"),
    (re.compile(r" +$", re.MULTILINE), ""),
)


def record_tour(page: str, folder: Path) -> str:
    """Run the commands of a page in an empty folder, and return the page with what they print."""
    program = folder / "bin" / "cdp-etl"
    program.parent.mkdir(parents=True)
    program.write_text(_PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    shop = folder / "shop"
    shop.mkdir()
    return "".join(f"{line}\n" for line in _recorded(page.splitlines(), shop))


def _recorded(lines: list[str], shop: Path) -> Iterator[str]:
    is_console = False
    for line in lines:
        if line in {_CONSOLE, _END}:
            is_console = line == _CONSOLE
            yield line
        elif not is_console:
            yield line
        elif line.startswith(_PROMPT):
            yield line
            yield from _printed(line.removeprefix(_PROMPT), shop)


def _printed(command: str, shop: Path) -> list[str]:
    """Return the lines that a command prints, without what differs between machines and days."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDP_ETL_")}
    path = f"{shop.parent / 'bin'}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=shop,
        env=inherited | {"PATH": path, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{command} ended with {ran.returncode}:\n{ran.stdout}")
    text = ran.stdout.replace(str(shop), _FOLDER)
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    return text.splitlines()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        recorded = record_tour(TOUR.read_text(encoding="utf-8"), Path(temporary))
    TOUR.write_text(recorded, encoding="utf-8")
