"""`cdp-etl contract`: the documents that are derived from the contract."""

from pathlib import Path
from typing import Annotated

import typer

from cdp_etl.cli.output import err, out
from cdp_etl.entities.docs import render_documents
from cdp_etl.marts.docs.pages import render_mart_documents

contract = typer.Typer(help="The documents derived from the contract, in docs/contract/.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder of the documents.")]
_FOLDER = Path("docs/contract")


@contract.command("write")
def write_command(*, folder: Folder = _FOLDER) -> None:
    """Write the documents anew: data dictionary, JSON Schema, ODCS. What is no longer made is removed."""
    documents = _documents()
    for path, text in documents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for path in _left_over(folder, documents):
        (folder / path).unlink()
    out().print(f"{len(documents)} documents written to {folder}.")


@contract.command("check")
def check_command(*, folder: Folder = _FOLDER) -> None:
    """Compare the documents with what would be written now; differences exit with 1."""
    documents = _documents()
    stale = [path for path, text in documents.items() if _read(folder / path) != text]
    wrong = sorted([*stale, *_left_over(folder, documents)])
    if wrong:
        err().print(f"Not current: {', '.join(wrong)}; run `cdp-etl contract write`.", style="red")
        raise typer.Exit(1)
    out().print(f"{len(documents)} documents in {folder} are current.")


def _documents() -> dict[str, str]:
    return render_documents() | render_mart_documents()


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _left_over(folder: Path, documents: dict[str, str]) -> list[str]:
    present = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return [path for path in present if path not in documents]
