"""A damaged warehouse: every opening says which file is damaged and how to fix it."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cdp_etl.warehouse import Warehouse, WarehouseDamagedError, WarehouseError, WarehouseStorageError
from cdp_etl.warehouse.duckdb_facts import damage_fact, storage_fact
from cdp_etl_tests.warehouse.loading import comment, load_records, rows

RESTORE = r"cdp\.duckdb is damaged: .*`cdp-etl restore FILE --replace`"


def flipped(*offsets: int) -> Callable[[Path], object]:
    """Return a function that flips bits of a file."""

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for offset in offsets:
            content[offset] ^= 0xFF
        path.write_bytes(content)

    return flip


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"no database" * 1000),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "truncated in the header": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "truncated in the blocks": lambda path: path.write_bytes(path.read_bytes()[:300_000]),
    "flipped magic bytes": flipped(9),
    "flipped headers": flipped(4096 + 20, 8192 + 20),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("opened", [Warehouse.reading, Warehouse.writing, Warehouse.closed])
def test_a_damaged_file_is_named_with_the_command_that_fixes_it(
    warehouse: Warehouse, opened: Callable[..., object], damage: Callable[[Path], object]
) -> None:
    load_records(warehouse, 1, [comment("1")])
    damage(warehouse.path)

    with pytest.raises(WarehouseDamagedError, match=RESTORE), opened(warehouse):  # type: ignore[attr-defined]
        pass


def test_bit_rot_in_a_block_is_an_error_of_the_file_when_it_is_read(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment(str(number), title=f"title {number}") for number in range(2000)])
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        found = connection.execute(
            "SELECT max(block_id) FROM pragma_storage_info('staging.customer_product_comment') WHERE block_id >= 0"
        ).fetchone()
    assert found is not None
    flipped(3 * 4096 + int(found[0]) * 262144 + 1000)(warehouse.path)

    with pytest.raises(WarehouseDamagedError, match=RESTORE):
        rows(warehouse, "SELECT bit_xor(hash(t)) FROM staging.customer_product_comment AS t")


def test_a_file_that_is_a_folder_is_named(warehouse: Warehouse) -> None:
    warehouse.path.unlink()
    warehouse.path.mkdir()

    with pytest.raises(WarehouseError, match=r"cdp\.duckdb.*Is a directory"), warehouse.reading():
        pass


def test_a_file_that_may_not_be_read_is_named(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as root, who may read everything."""
    refusal = duckdb.IOException(f'IO Error: Cannot open file "{warehouse.path}": Permission denied')
    monkeypatch.setattr(duckdb, "connect", lambda *_args, **_kwargs: (_ for _ in ()).throw(refusal))

    with pytest.raises(WarehouseStorageError, match=r"cdp\.duckdb\": Permission denied; \d+ bytes are free"):
        rows(warehouse, "SELECT 1")


@pytest.mark.parametrize(
    ("error", "damage", "storage"),
    [
        (duckdb.ConstraintException('Duplicate key "mai@shop.vn"'), None, None),
        (duckdb.ConversionException("Could not convert string 'mai' to INT"), None, None),
        (duckdb.SerializationException("mai"), "SerializationException", None),
        (
            duckdb.TransactionException(
                'Failed to commit: Could not write file "/a.wal": No space left on device'
            ),
            None,
            'Could not write file "/a.wal": No space left on device',
        ),
        (
            duckdb.OutOfMemoryException(
                "Out of Memory Error: failed to offload data block of size 1\nsecond line"
            ),
            None,
            "failed to offload data block of size 1",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_facts_without_values_of_records_are_shown(
    error: duckdb.Error, damage: str | None, storage: str | None
) -> None:
    told = storage_fact(error)

    assert damage_fact(error) == damage
    assert (told and told.partition("; ")[0]) == storage
