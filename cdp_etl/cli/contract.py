"""`cdp-etl contract`: write or check the documents that are derived from the data contract."""

from pathlib import Path
from typing import Annotated

import typer

from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.output import err, out
from cdp_etl.entities.docs import render_documents
from cdp_etl.marts.docs.pages import render_mart_documents

contract = subcommands("Write or check the documents of the data contract, in docs/contract/.")

Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder of the documents.")]
_FOLDER = Path("docs/contract")


@contract.command("write")
def write_command(*, folder: Folder = _FOLDER) -> None:
    """Write all documents: data dictionary, JSON Schema, ODCS. Delete documents that are no longer derived."""
    documents = _documents()
    for path, text in documents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for path in _obsolete(folder, documents):
        (folder / path).unlink()
    out().print(f"{len(documents)} documents written to {folder}.")


@contract.command("check")
def check_command(*, folder: Folder = _FOLDER) -> None:
    """Compare the documents with what `write` would write. Exit with status 1 if they differ."""
    documents = _documents()
    changed = [path for path, text in documents.items() if _read(folder / path) != text]
    outdated = sorted([*changed, *_obsolete(folder, documents)])
    if outdated:
        err().print(f"Not current: {', '.join(outdated)}; run `cdp-etl contract write`.", style="red")
        raise typer.Exit(1)
    out().print(f"{len(documents)} documents in {folder} are current.")


def _documents() -> dict[str, str]:
    return render_documents() | render_mart_documents()


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _obsolete(folder: Path, documents: dict[str, str]) -> list[str]:
    present = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return [path for path in present if path not in documents]
