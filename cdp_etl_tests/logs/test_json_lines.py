"""JSON log lines: context fields, and no text of unexpected errors."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from cdp_etl.errors import CdpEtlError
from cdp_etl.logs import JsonFormatter, log_context


@pytest.fixture
def lines() -> Iterator[tuple[logging.Logger, StringIO]]:
    """A logger that writes JSON, and its stream."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("cdp_etl.test")  # noqa: LOG001 - used by one test
    logger.addHandler(handler)
    yield logger, stream
    handler.close()


def test_a_line_has_its_context_and_its_own_fields(lines: tuple[logging.Logger, StringIO]) -> None:
    logger, stream = lines

    with log_context(run_id="r1", job="load"), log_context(entity="sms-interaction", dump_date=None):
        logger.info("%s done", "pull", extra={"fields": {"files": 2}})
    logger.warning("outside")

    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "cdp_etl.test",
        "message": "pull done",
        "run_id": "r1",
        "job": "load",
        "entity": "sms-interaction",
        "files": 2,
    }
    assert "run_id" not in second


def test_an_unexpected_error_has_type_and_location_only(
    lines: tuple[logging.Logger, StringIO],
) -> None:
    logger, stream = lines

    try:
        int("Nguyen Van A")
    except ValueError:
        logger.exception("it failed")

    (line,) = stream.getvalue().splitlines()
    assert "Nguyen" not in line
    error = json.loads(line)["error"]
    assert error["kind"] == "ValueError"
    assert error["at"][-1].endswith("test_an_unexpected_error_has_type_and_location_only")


def test_an_expected_error_has_its_message(lines: tuple[logging.Logger, StringIO]) -> None:
    logger, stream = lines

    with pytest.raises(CdpEtlError) as caught:
        raise CdpEtlError("The zone does not answer.")
    logger.error("it failed", exc_info=caught.value)

    assert json.loads(stream.getvalue())["error"]["text"] == "The zone does not answer."
