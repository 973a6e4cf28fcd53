"""Metadata of the load assets: figures and small tables that the UI shows, without record values.

The keys are terms of docs/glossary.md. Dagster's event log stores them, so a renamed key starts a new plot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import NOT_AN_OBJECT, redact_key
from cdp_etl.landing import Pull
from cdp_etl.normalize import NormalizedDump
from cdp_etl.untrusted_text import markdown
from cdp_etl.warehouse import LoadResult

Metadata = dict[str, Any]

_MAX_ROWS = 20
_COUNTED = ("files", "records")
_CHANGES = ("added", "changed", "removed")


def markdown_table(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    max_rows: int = _MAX_ROWS,
    *,
    is_markdown: bool = False,
) -> dg.MetadataValue[str]:
    """Return a Markdown table; rows beyond the limit are only counted.

    Cells are shown literally, unless they are Markdown that contains no delivered text.
    """
    cells = [[str(cell) if is_markdown else markdown(str(cell)) for cell in row] for row in rows]
    lines = [" | ".join(header), " | ".join("---" for _ in header), *map(" | ".join, cells[:max_rows])]
    more = [f"\n… and {len(cells) - max_rows} more"] if len(cells) > max_rows else []
    return dg.MetadataValue.md("\n".join([*(f"| {line} |" for line in lines), *more]))


def landing_metadata(pull: Pull) -> Metadata:
    """Return the metadata of a pulled dump."""
    metadata: Metadata = {
        "files": len(pull.files),
        "bytes": sum(file.bytes for file in pull.files),
        "complete_by": pull.ready_by,
        "is_new_content": pull.is_new,
        "content": pull.fingerprint,
    }
    if pull.findings:
        metadata["findings"] = markdown_list(pull.findings)
    if pull.difference is not None:
        metadata["files_since_last_delivery"] = markdown_table(
            ("added", "changed", "removed"),
            [[len(pull.difference.added), len(pull.difference.changed), len(pull.difference.removed)]],
        )
    return metadata


def normalized_metadata(entity: Entity, dump: NormalizedDump) -> Metadata:
    """Return the metadata of a normalized dump: counts of records, reasons, warnings, unknown keys."""
    metadata: Metadata = {
        "dagster/partition_row_count": dump.accepted,
        "records_read": dump.records_read,
        "accepted": dump.accepted,
        "superseded": dump.superseded,
        "quarantined": dump.quarantined,
        "with_warnings": dump.with_warnings,
        "reference_path_records": dump.reference_path_records,
    }
    for name, counts in (
        ("quarantine_reasons", dump.reasons),
        ("warnings", _keys_named(dump.warning_counts, NOT_AN_OBJECT)),
        ("unknown_keys", _keys_named(dump.unknown_keys)),
        ("reference_path_causes", dump.reference_path_causes),
    ):
        if counts:
            metadata[name] = _counted(counts)
    if dump.findings:
        metadata["findings"] = markdown_list(dump.findings)
    if dump.quarantined:
        day = dump.dump_date.isoformat()
        metadata["look_further"] = dg.MetadataValue.md(
            f"`cdp-etl quarantine list --entity {entity.name} --from {day} --to {day}`"
        )
    return metadata


def not_loaded_again(entity: Entity, dump_date: date, load: LoadResult | None) -> str | None:
    """Return why an unchanged dump was not loaded again, and the command that does it; None if it was loaded.

    Runs of schedules, sensors and commands, and backfills of the UI, do not load an unchanged dump.
    """
    if load is None or load.in_place is None:
        return None
    return (
        f"not loaded again. {load.reason} This is load {load.in_place.load_seq}. To load the dump all the same:"
        f" `cdp-etl run --from {dump_date} --to {dump_date} --entity {entity.name} --force`, or Materialize this"
        " dump date alone."
    )


def staging_metadata(entity: Entity, dump_date: date, attempt: LoadResult) -> Metadata:
    """Return the metadata of a load. If the dump is unchanged, the figures are those of the load in place."""
    load = attempt.shown
    metadata: Metadata = {
        "dagster/partition_row_count": load.accepted,
        "status": attempt.status,
        "load_seq": load.load_seq,
        "load_id": load.load_id,
        "accepted": load.accepted,
        "superseded": load.superseded,
        "quarantined": load.quarantined,
        "changed_keys": load.changed_keys,
    }
    if (reason := not_loaded_again(entity, dump_date, attempt)) is not None:
        metadata["not_loaded_again"] = dg.MetadataValue.md(reason)
    if load.difference is not None:
        difference = asdict(load.difference)
        metadata["difference_from_previous_load"] = markdown_table(
            ("what", *_CHANGES),
            [(what, *(difference[f"{what}_{change}"] for change in _CHANGES)) for what in _COUNTED],
        )
    if load.findings:
        metadata["findings"] = markdown_list(load.findings)
    return metadata


def _keys_named(counts: Mapping[str, int], fact: str = "") -> Mapping[str, int]:
    """Return the counts with keys that do not look like names redacted; their counts are added up."""
    named: Counter[str] = Counter()
    for key, count in counts.items():
        named[redact_key(key, fact)] += count
    return named


def _counted(counts: Mapping[str, int]) -> dg.MetadataValue[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return markdown_table(("what", "records"), ordered)


def markdown_list(sentences: Iterable[str]) -> dg.MetadataValue[str]:
    """Return sentences as a Markdown list that shows them literally."""
    return dg.MetadataValue.md("\n".join(f"- {markdown(sentence)}" for sentence in sentences))
