"""The kernels access no memory but that of the arrays they receive (README.md of `cdp_etl.normalize.jit`)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cdp_etl_tests.normalize.jit.checked_memory import CheckedMemory, OutOfBoundsError

NORMALIZE = Path(__file__).parents[1]
CHECKED_TESTS = ("jit/test_limits.py", "fast_path/test_paths_agree.py", "readers/json", "readers/csv")


@pytest.mark.full
def test_kernels_stay_within_their_buffers() -> None:
    """Run the kernels in pure Python over the inputs of other tests, with each access checked."""
    plugin = ["-p", "cdp_etl_tests.normalize.jit.checked_memory"]
    tests = [str(NORMALIZE / test) for test in CHECKED_TESTS]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *plugin, *tests],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "HYPOTHESIS_PROFILE": "dev"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    calls = dict(re.findall(r"^checked kernel (\w+): (\d+)$", result.stdout, re.MULTILINE))
    assert calls.keys() == {"find_entries", "scan_records", "write_objects"}
    assert all(int(count) > 0 for count in calls.values()), calls


@pytest.fixture
def memory() -> CheckedMemory:
    return CheckedMemory()


@pytest.mark.parametrize("index", [-1, 16])
def test_a_byte_outside_its_buffer_is_refused(memory: CheckedMemory, index: int) -> None:
    array = np.arange(64, dtype=np.uint8)
    middle = memory.address_of(array[16:32])

    assert memory.load_u8(middle, 15) == 31
    with pytest.raises(OutOfBoundsError):
        memory.load_u8(middle, index)
    with pytest.raises(OutOfBoundsError):
        memory.store_u8(middle, index, 0)


@pytest.mark.parametrize("index", [-1, 2])
def test_a_word_outside_its_buffer_is_refused(memory: CheckedMemory, index: int) -> None:
    array = np.zeros(4, np.int64)
    address = memory.address_of(array[1:3])

    memory.store_i64(address, 1, 2**64 - 1)
    memory.store_f64(address, 0, 1.0)
    assert memory.load_i64(address, 1) == -1
    assert array.tolist() == [0, 0x3FF0000000000000, -1, 0]
    with pytest.raises(OutOfBoundsError):
        memory.load_i64(address, index)
    with pytest.raises(OutOfBoundsError):
        memory.store_i64(address, index, 0)
    with pytest.raises(OutOfBoundsError):
        memory.store_f64(address, index, 0.0)


def test_a_word_at_an_unaligned_address_is_refused(memory: CheckedMemory) -> None:
    array = np.zeros(32, np.uint8)
    address = memory.address_of(array)

    with pytest.raises(OutOfBoundsError):
        memory.load_i64(address + 1, 0)


def test_a_store_to_delivered_bytes_is_refused(memory: CheckedMemory) -> None:
    address = memory.address_of(np.frombuffer(b"delivered", np.uint8))

    assert memory.load_u8(address, 0) == ord("d")
    with pytest.raises(OutOfBoundsError):
        memory.store_u8(address, 0, 0)


def test_an_address_is_refused_after_its_kernel(memory: CheckedMemory) -> None:
    array = np.zeros(8, np.uint8)
    address = memory.address_of(array)
    memory.forget()

    with pytest.raises(OutOfBoundsError):
        memory.load_u8(address, 0)


def test_the_address_of_a_deleted_array_is_refused(memory: CheckedMemory) -> None:
    address = memory.address_of(np.zeros(8, np.uint8))

    with pytest.raises(OutOfBoundsError):
        memory.load_u8(address, 0)
