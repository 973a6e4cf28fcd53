"""A line of the log: one JSON object, with what it is about, and without the text of an error nobody foresaw."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from cdp_etl.errors import CdpEtlError
from cdp_etl.logs import JsonFormatter, log_context


@pytest.fixture
def lines() -> Iterator[tuple[logging.Logger, StringIO]]:
    """Give a logger that writes JSON, and what it has written."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("cdp_etl.test")  # noqa: LOG001 - of one test alone
    logger.addHandler(handler)
    yield logger, stream
    handler.close()


def test_a_line_holds_what_it_is_about_and_its_figures(lines: tuple[logging.Logger, StringIO]) -> None:
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


def test_an_error_nobody_foresaw_is_told_by_kind_and_place_alone(
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
    assert error["at"][-1].endswith("test_an_error_nobody_foresaw_is_told_by_kind_and_place_alone")


def test_an_error_of_ours_is_told_by_its_sentence(lines: tuple[logging.Logger, StringIO]) -> None:
    logger, stream = lines

    with pytest.raises(CdpEtlError) as caught:
        raise CdpEtlError("The zone does not answer.")
    logger.error("it failed", exc_info=caught.value)

    assert json.loads(stream.getvalue())["error"]["text"] == "The zone does not answer."
