"""A sample of the chaos campaign: `make chaos` plays more cases, and writes their figures."""

import random
from pathlib import Path

import pytest

from cdp_etl_tests.chaos.campaign import BACKUP, Campaign, Case, change_byte, remedies, summary


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return Campaign(tmp_path_factory.mktemp("chaos"))


@pytest.mark.full
@pytest.mark.parametrize(("seed", "disturbance"), [(1, "kill"), (2, "fault")])
def test_a_disturbed_load_is_repeated_with_the_undisturbed_result(
    campaign: Campaign, seed: int, disturbance: str
) -> None:
    assert campaign.play(Case(seed, disturbance, "load")).faults == []


def test_cases_are_seeded() -> None:
    cases = [Case.of_seed(seed, ("kill", "fault", "changed byte")) for seed in range(50)]

    assert cases == [Case.of_seed(seed, ("kill", "fault", "changed byte")) for seed in range(50)]
    assert {case.disturbance for case in cases} == {"kill", "fault", "changed byte"}


def test_one_bit_of_one_file_changes(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    for name in ("a", "b"):
        (tmp_path / "lake" / name).write_bytes(b"\0" * 9)
        (tmp_path / "lake" / name).chmod(0o400)

    change_byte(tmp_path / "lake", random.Random(1))  # noqa: S311 - reproducible, not secret

    content = b"".join(path.read_bytes() for path in (tmp_path / "lake").iterdir())
    assert int.from_bytes(content, "big").bit_count() == 1


@pytest.mark.parametrize(
    ("reported", "command"),
    [
        ("Run `cdp-etl marts publish`.", ("marts", "publish")),
        ("Restore a backup: `cdp-etl restore FILE --replace`.", ("restore", BACKUP, "--replace")),
        ("run `cdp-etl run --from DATE --to DATE`, or `cdp-etl check\n--full`", ("check", "--full")),
        ("`cdp-etl run --deep --from 2026-03-01`", ("load", "--deep", "--from", "2026-03-01")),
        ("run `mv a b && mv c d`", ("mv", "a", "b")),
    ],
)
def test_the_command_of_a_sentence_is_found(reported: str, command: tuple[str, ...]) -> None:
    assert next(remedies(reported)) == command


def test_the_summary_counts_cases_and_names_failed_ones() -> None:
    lines = [
        {"seed": 1, "disturbance": "kill", "reported": [], "faults": []},
        {"seed": 2, "disturbance": "kill", "reported": ["damaged"], "faults": ["rows differ"]},
    ]

    assert list(summary(lines))[2:] == ["| kill | 2 | 1 | [2] |"]
