"""Progress of the validation of a dump."""

import pytest

from cdp_etl.normalize.validation_progress import ValidationProgress

FILES = {"a": 100, "b": 100, "c": 200}


@pytest.mark.parametrize(
    ("seconds", "begun", "rate"),
    [
        pytest.param(1, ["a"], "", id="too early for a rate"),
        pytest.param(6, ["a"], ", 100 a second", id="no file is done"),
        pytest.param(6, ["a", "b"], ", 100 a second, about 18 seconds left", id="a quarter is done"),
        pytest.param(600, ["a", "b", "c"], ", 1 a second, about 10 minutes left", id="half is done"),
    ],
)
def test_the_rate_and_the_time_left_are_reported(
    monkeypatch: pytest.MonkeyPatch, seconds: float, begun: list[str], rate: str
) -> None:
    clock = iter([0.0, float(seconds)])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))

    assert ValidationProgress("dump", FILES).sentence(600, begun) == f"dump: 600 records validated{rate}"
