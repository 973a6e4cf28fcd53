"""Dumps for some days and entities, under a landing folder: the front door of this package.

Put here what is asked for and where it goes. How one dump is made stands in `writer.py`.
"""

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
    """Write dumps to `<out>/<entity>/<date>/part-….<format>`, each with `_expected.json` beside it.

    Who the customers and products are depends on the seed alone, and a dump on the seed, its entity, its date and
    its number of rows: the same arguments give the same bytes. A dump made earlier in the same place is replaced.

    Args:
        out: The landing folder; made where there is none.
        first: The first dump date.
        days: How many days from there on.
        rows: Records of each entity and day.
        entities: The contract names of the entities; all six where None.
        dirty: The share of records that must be quarantined, from 0 to 1.
        format: The files' format.
        compression: The files' compression; Parquet takes none.
        seed: The seed.
        progress: Told a sentence after each dump.

    Raises:
        SampleError: an argument is out of its range, or a dump's folder holds what this did not make.
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
    """Write one dump under a landing folder, whole or not at all.

    Raises:
        SampleError: the dump's folder holds what was not made here.
    """
    folder = out / dump.entity.name / dump.dump_date.isoformat()
    if folder.exists() and not (folder / EXPECTED_FILE).exists():
        raise SampleError(f"{folder}: holds no {EXPECTED_FILE}, so it was not generated and is not replaced.")
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
        raise SampleError(f"Parquet compresses within itself; expected compression none, not {compression}.")


def _chosen(names: Sequence[str] | None) -> list[Entity]:
    if names is None:
        return list(ENTITIES)
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise SampleError(f"There is no entity {unknown[0]}; expected one of {', '.join(BY_NAME)}.")
    return [BY_NAME[name] for name in names]
