"""The checks of a load: what each holds to be right, and that they speak of the newest day of the ledger."""

import dagster as dg
import pytest

from cdp_etl.defs.checks.load_checks import LOAD_CHECKS
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, Pipe, days_later, sms


def verdict(result: dg.ExecuteInProcessResult, name: str) -> tuple[bool, dg.AssetCheckSeverity]:
    """Give what one check of a run has found."""
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == name]
    return check.passed, check.severity


def test_all_checks_hold_for_a_good_day(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])

    result = pipe.load(FIRST)

    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == {
        "dump_is_complete": True,
        "records_balance": True,
        "schema_is_stable": True,
        "quarantine_rate_is_low": True,
        "key_is_unique": True,
        "volume_is_usual": True,
        "is_fresh": False,  # since March later dumps have become due
    }


def test_loading_an_old_day_again_does_not_turn_the_check_of_the_newest(pipe: Pipe) -> None:
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(SECOND)

    empty_older_day = pipe.load(FIRST)

    assert verdict(empty_older_day, "dump_is_complete") == (True, dg.AssetCheckSeverity.ERROR)


def test_a_newest_day_without_files_is_complete_where_none_are_expected(pipe: Pipe) -> None:
    """The second of March 2026 is a Monday."""
    restful = Pipe(pipe.settings.model_copy(update={"delivery_weekdays": frozenset({"sun"})}), pipe.instance)
    pipe.deliver(FIRST, [sms("1", FIRST)])
    restful.load(FIRST)

    result = restful.load(SECOND)

    assert verdict(result, "dump_is_complete") == (True, dg.AssetCheckSeverity.ERROR)
    assert pipe.query("SELECT reason FROM ops.load WHERE status = 'empty'") == [
        ("No file was delivered for this day, and none is expected.",)
    ]


def test_a_missing_newest_day_stays_missing_whatever_else_is_loaded(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(THIRD)

    result = pipe.load(FIRST)

    assert verdict(result, "dump_is_complete") == (False, dg.AssetCheckSeverity.WARN)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        pytest.param(1, (True, dg.AssetCheckSeverity.WARN), id="few"),
        pytest.param(4, (False, dg.AssetCheckSeverity.WARN), id="unusually many"),
        pytest.param(15, (False, dg.AssetCheckSeverity.ERROR), id="so many that it is refused"),
    ],
)
def test_the_quarantine_rate_is_low(pipe: Pipe, bad: int, expected: tuple[bool, dg.AssetCheckSeverity]) -> None:
    pipe.deliver(FIRST, [sms(str(n), FIRST, **({"event": None} if n < bad else {})) for n in range(20)])

    assert verdict(pipe.load(FIRST), "quarantine_rate_is_low") == expected


@pytest.mark.parametrize(
    ("records", "is_usual"),
    [
        pytest.param(4, False, id="less than half"),
        pytest.param(5, True, id="half"),
        pytest.param(20, True, id="twice"),
        pytest.param(21, False, id="more than twice"),
    ],
)
def test_the_volume_is_usual_between_half_and_twice_the_median_before(
    pipe: Pipe, records: int, *, is_usual: bool
) -> None:
    for number, size in enumerate((1, 10, 100)):
        day = days_later(FIRST, number)
        pipe.deliver(day, [sms(f"{day}-{n}", day) for n in range(size)])
    newest = days_later(FIRST, 3)
    pipe.deliver(newest, [sms(f"{newest}-{n}", newest) for n in range(records)])
    pipe.load(FIRST, THIRD)

    result = pipe.load(newest)

    assert verdict(result, "volume_is_usual")[0] is is_usual


def test_no_check_of_a_load_blocks() -> None:
    assert not [check.name for check in LOAD_CHECKS if check.spec(SMS).blocking]
