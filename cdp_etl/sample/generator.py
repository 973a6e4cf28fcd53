"""Entry point of the sample generator: dumps for a range of days and a set of entities."""

import shutil
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.sample.dump_spec import DumpSpec
from cdp_etl.sample.errors import SampleError
from cdp_etl.sample.expected import EXPECTED_FILE, ExpectedCounts
from cdp_etl.sample.shared_data import make_shared_data
from cdp_etl.sample.write_dump import write_dump


def generate(  # noqa: PLR0913 - each is an option of `cdp-etl generate`
    out: Path,
    first: date,
    days: int,
    rows: int,
    *,
    entities: Sequence[str] | None = None,
    dirty: float = 0.03,
    format: DataFormat = "ndjson",  # noqa: A002 - the option's name
    compression: Compression = "none",
    seed: int = 1,
    progress: Callable[[str], None] | None = None,
) -> list[ExpectedCounts]:
    """Write dumps to `<out>/<entity>/<date>/part-….<format>`, each with an `_expected.json`.

    Customers and products depend only on the seed. A dump depends on the seed, its entity, its date and its number
    of rows. Equal arguments produce equal bytes. An earlier dump in the same folder is replaced.

    Args:
        out: Landing folder, created if it does not exist.
        first: First dump date.
        days: Number of days.
        rows: Number of records per entity and day.
        entities: Contract names of the entities; None means all.
        dirty: Share of records that must be quarantined, from 0 to 1.
        format: Format of the files.
        compression: Compression of the files; "none" for Parquet.
        seed: Seed of all random values.
        progress: Called with a sentence after each dump.

    Raises:
        SampleError: If an argument is out of range, or a dump's folder contains files that were not generated.
    """
    _check(days, rows, dirty, format, compression)
    chosen = _chosen(entities)
    shared = make_shared_data(seed)
    expectations = []
    for dump_date in (first + timedelta(days=number) for number in range(days)):
        for entity in chosen:
            dump = DumpSpec(shared, entity, dump_date, rows, dirty, format, compression)
            expectations.append(replace_dump(dump, out))
            if progress is not None:
                progress(f"{entity.name} {dump_date}: {expectations[-1].read} records written")
    return expectations


def replace_dump(dump: DumpSpec, out: Path) -> ExpectedCounts:
    """Write one dump to a landing folder, atomically.

    Raises:
        SampleError: If the dump's folder contains files that were not generated.
    """
    folder = out / dump.entity.name / dump.dump_date.isoformat()
    if folder.exists() and not (folder / EXPECTED_FILE).exists():
        raise SampleError(f"{folder}: has no {EXPECTED_FILE}, so it was not generated and is not replaced.")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    expected = write_dump(dump, unfinished)
    expected.write(unfinished)
    if folder.exists():
        shutil.rmtree(folder)
    unfinished.rename(folder)
    return expected


def _check(days: int, rows: int, dirty: float, data_format: DataFormat, compression: Compression) -> None:
    if days < 1:
        raise SampleError(f"The number of days is {days}; expected 1 or more.")
    if rows < 0:
        raise SampleError(f"The number of rows is {rows}; expected 0 or more.")
    if not 0 <= dirty <= 1:
        raise SampleError(f"The share of bad records is {dirty}; expected 0 to 1.")
    if data_format == "parquet" and compression != "none":
        raise SampleError(f"Parquet has its own compression; expected compression none, not {compression}.")


def _chosen(names: Sequence[str] | None) -> list[Entity]:
    if names is None:
        return list(ENTITIES)
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise SampleError(f"There is no entity {unknown[0]}; expected one of {', '.join(BY_NAME)}.")
    return [BY_NAME[name] for name in names]
