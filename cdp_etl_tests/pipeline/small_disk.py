"""A dump processed on a disk that fills up at many points; run by `test_small_disk.py` in a mount namespace.

Each round grows the disk by some KiB, until the dump fits. Prints each round's error, or `done`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from cdp_etl.defs.environment_errors import as_environment_error
from cdp_etl.errors import CdpEtlError
from cdp_etl.settings import Settings
from cdp_etl.warehouse import backup
from cdp_etl_tests.pipeline.dumps import DAY, DumpPipeline, sms

ROUNDS = 18
IDS = "SELECT id FROM staging.sms_interaction ORDER BY id"


def resize(disk: Path, size: int) -> None:
    """Set the size of the disk in bytes; a size below what is used has no effect."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def used(disk: Path) -> int:
    return shutil.disk_usage(disk).used


def step(pipeline: DumpPipeline) -> str:
    """Process the dump and back the warehouse up; return the error's sentence, or `done`."""
    try:
        outcome = pipeline.process()
        if outcome.error is not None:
            return str(outcome.error)
        backup(pipeline.settings.open_warehouse(), pipeline.settings.data / "backup.duckdb")
    except CdpEtlError as error:
        return str(error)
    except (OSError, duckdb.Error) as error:
        known = as_environment_error(error)
        return f"UNEXPECTED {error!r}" if known is None else str(known)
    return "done"


def main(disk: Path) -> None:
    """Mount a small disk, and print one line of JSON for each round: bytes free before, and the result."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)], check=True)
    pipeline = DumpPipeline(Settings(data=disk / "data", memory_limit="500MiB", threads=1, lock_timeout_seconds=5))
    pipeline.deliver([sms(f"first {number}") for number in range(50)])
    sys.stdout.write(json.dumps([0, step(pipeline)]) + "\n")
    (disk / "data/backup.duckdb").unlink()
    pipeline.deliver([sms(f"second {number}") for number in range(4000)], DAY)
    room = 8 << 10
    for _ in range(ROUNDS):
        resize(disk, used(disk) + room)
        result = step(pipeline)
        sys.stdout.write(json.dumps([room, result]) + "\n")
        resize(disk, 64 << 20)
        ids = [name for (name,) in pipeline.query(IDS)]
        assert ids[0].split()[0] in {"first", "second"}, ids[:1]
        assert len({name.split()[0] for name in ids}) == 1, "half a load"
        assert len(ids) in {50, 4000}, len(ids)
        if result == "done":
            break
        room += room // 2
    sys.stdout.write(json.dumps([room, step(pipeline) if result != "done" else "done"]) + "\n")
    assert len(pipeline.query(IDS)) == 4000


if __name__ == "__main__":
    main(Path(sys.argv[1]))
