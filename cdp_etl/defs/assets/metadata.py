"""What the UI shows of a day's dump: figures and small tables. Counts, names and places only, never a value.

Put here how an outcome becomes metadata. Which outcome there is stands in `day.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import NOT_AN_OBJECT, redact_key
from cdp_etl.landing import Pull
from cdp_etl.normalize import NormalizedDump
from cdp_etl.warehouse import LoadResult

Metadata = dict[str, Any]

_MOST_ROWS = 20
_COUNTED = ("files", "records")
_CHANGES = ("added", "changed", "removed")


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], most_rows: int = _MOST_ROWS
) -> dg.MetadataValue[str]:
    """Give a table as Markdown, cut after a bounded number of rows and saying so."""
    listed = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = [" | ".join(header), " | ".join("---" for _ in header), *map(" | ".join, listed[:most_rows])]
    more = [f"\n… and {len(listed) - most_rows} more"] if len(listed) > most_rows else []
    return dg.MetadataValue.md("\n".join([*(f"| {line} |" for line in lines), *more]))


def landing_metadata(pull: Pull) -> Metadata:
    """Tell what was delivered."""
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
    """Tell what became of the records, and why some were refused."""
    metadata: Metadata = {
        "dagster/partition_row_count": dump.accepted,
        "records_read": dump.records_read,
        "accepted": dump.accepted,
        "superseded": dump.superseded,
        "quarantined": dump.quarantined,
        "with_warnings": dump.with_warnings,
        "judged_by_exact_lane": dump.reference_path_records,
    }
    for name, counts in (
        ("quarantine_reasons", dump.reasons),
        ("warnings", _keys_named(dump.warning_counts, NOT_AN_OBJECT)),
        ("unknown_keys", _keys_named(dump.unknown_keys)),
        ("exact_lane_causes", dump.reference_path_causes),
    ):
        if counts:
            metadata[name] = _counted(counts)
    if dump.quarantined:
        day = dump.dump_date.isoformat()
        metadata["look_into_it"] = dg.MetadataValue.md(
            f"`cdp-etl quarantine list --entity {entity.name} --from {day} --to {day}`"
        )
    return metadata


def staging_metadata(load: LoadResult) -> Metadata:
    """Tell how the load ended."""
    metadata: Metadata = {
        "dagster/partition_row_count": load.accepted,
        "status": load.status,
        "load_seq": load.load_seq,
        "load_id": load.load_id,
        "accepted": load.accepted,
        "superseded": load.superseded,
        "quarantined": load.quarantined,
        "changed_keys": load.changed_keys,
    }
    if load.difference is not None:
        made = asdict(load.difference)
        metadata["since_the_load_before"] = markdown_table(
            ("what", *_CHANGES), [(what, *(made[f"{what}_{change}"] for change in _CHANGES)) for what in _COUNTED]
        )
    if load.findings:
        metadata["findings"] = markdown_list(load.findings)
    return metadata


def _keys_named(counts: Mapping[str, int], fact: str = "") -> Mapping[str, int]:
    """Count together what is told of keys that do not read as names."""
    named: Counter[str] = Counter()
    for what, count in counts.items():
        named[redact_key(what, fact)] += count
    return named


def _counted(counts: Mapping[str, int]) -> dg.MetadataValue[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return markdown_table(("what", "records"), ordered)


def markdown_list(sentences: Iterable[str]) -> dg.MetadataValue[str]:
    """Give sentences as a list in Markdown."""
    return dg.MetadataValue.md("\n".join(f"- {sentence}" for sentence in sentences))
