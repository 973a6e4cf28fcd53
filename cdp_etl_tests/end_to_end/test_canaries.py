"""Personal data and secrets never leave the data: canaries go through every failure path.

The tests search for them in output, logs, alerts, metrics, reports and all files of Dagster's instance. Landing
zone, archive, lake, warehouse and snapshot hold the data itself and are not searched.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from cdp_etl.defs.assets import marts as marts_module
from cdp_etl.pipeline import dump_pipeline as day_module
from cdp_etl_tests.alerts.servers import Webhook, closed_port, webhook
from cdp_etl_tests.cli.conftest import Command, cdp_etl

__all__ = ["cdp_etl"]  # a fixture

NAME = "Nguyen Thi Canary"
PHONE = "0986127543"
EMAIL = "canary.person@leak.example"
TOKEN = "tok_canary_7f3a91c2d48"  # noqa: S105 - made up
SECRET = "canary-secret-5d1e"  # noqa: S105 - made up
NEEDLES = ("canary", "986127543")
"""Each canary contains one of these in some spelling. No test name may: folders are named by tests."""

DATA_ITSELF = {"landing", "archive", "lake", "warehouse", "published"}
ACTIVITY = "customer-product-activity"
AT = 1772366400000  # noon of 2026-03-01, UTC

Files = Mapping[str, bytes]


def activity(number: int, **fields: Any) -> dict[str, Any]:
    """Return one valid activity of the canary."""
    return {
        "actionId": str(number),
        "action": "Wishlist",
        "actionAt": AT,
        "customerId": TOKEN,
        "customerName": NAME,
        "customerPhone": PHONE,
        "customerEmail": EMAIL,
        "productSku": "SKU1",
        "productName": "Iphone 12",
        "productCategoryId": "C1",
        **fields,
    }


def lines(*records: Any) -> bytes:
    return b"".join(
        record if isinstance(record, bytes) else json.dumps(record).encode() + b"\n" for record in records
    )


def cells(*rows: Sequence[str]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def parquet(frame: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


GOOD = activity(1)
HEADER = list(GOOD)
VALUES = [str(value) for value in GOOD.values()]

DUMPS: Mapping[str, Files] = {
    "malformed lines of every kind": {
        "part-1.ndjson": lines(
            GOOD,
            f'{{"customerName": "{NAME}", "customerPhone": "{PHONE}"\n'.encode(),
            f"{EMAIL}\n".encode(),
            f'["{NAME}"]\n'.encode(),
            f'"{EMAIL}"\n'.encode(),
            b"\xff\xfe" + NAME.encode() + b"\n",
            f'{{"customerName": NaN, "note": "{NAME}"}}\n'.encode(),
            activity(2, actionAt=NAME),
            activity(3, actionAt=PHONE, recordStatus=NAME, timezoneGmt=EMAIL),
            activity(4, price=NAME, quantity=EMAIL, boolResult=NAME, customerName={NAME: EMAIL}),
            activity(5, customerPhone="canary", customerEmail="canary@", ipAddress=TOKEN),
            {"objectType": NAME, "source": EMAIL, "entries": [GOOD]},
        )
    },
    "keys that are no names": {
        "part-1.ndjson": lines(
            activity(1, **{EMAIL: 1, NAME: {"a": TOKEN}, f"customField {NAME}": EMAIL, TOKEN: 3}),
            activity(2, ignoredUpdateCfs=[NAME], **{f"customField{TOKEN}": {"a": EMAIL}}),
            activity(3, **{PHONE: 1}),
        )
    },
    "key conflicts": {"part-1.ndjson": lines(GOOD, GOOD, activity(1, customerName=f"{NAME} 2", actionAt=NAME))},
    "CSV without a header": {"part-1.csv": cells(VALUES, VALUES)},
    "CSV with an unclosed quote": {"part-1.csv": cells(HEADER) + f'"{NAME},{EMAIL}\n'.encode()},
    "CSV with two headers of one name": {"part-1.csv": cells([NAME, NAME.lower().replace(" ", "")], VALUES[:2])},
    "CSV with rows of other lengths": {"part-1.csv": cells(HEADER, VALUES[:3], [*VALUES, NAME], VALUES)},
    "JSON that ends in an array": {"part-1.json": json.dumps([GOOD, GOOD]).encode()[:-30]},
    "JSON that is a text": {"part-1.json": json.dumps(NAME).encode()},
    "JSON payload of another entity": {
        "part-1.json": json.dumps({"objectType": NAME, "source": EMAIL, "entries": [GOOD, NAME, [EMAIL]]}).encode()
    },
    "Parquet that is none": {"part-1.parquet": b"PAR1" + f"{NAME} {EMAIL}".encode() * 20 + b"PAR1"},
    "Parquet of odd columns": {
        "part-1.parquet": parquet(
            pl.DataFrame(
                {
                    "actionId": [NAME.encode()],
                    "actionAt": [[EMAIL]],
                    "customerName": [{"first": NAME}],
                    NAME: [EMAIL],
                    "price": [NAME],
                }
            )
        )
    },
    "Parquet with two columns of one name": {
        "part-1.parquet": parquet(pl.DataFrame({NAME: [EMAIL], NAME.lower(): [PHONE]}))
    },
    "gzip cut short": {"part-1.ndjson.gz": gzip.compress(lines(*[GOOD] * 200))[:-20]},
    "gzip that is none": {"part-1.ndjson.gz": lines(GOOD)},
    "zstd that is none": {"part-1.csv.zst": cells(HEADER, VALUES)},
    "a lying manifest": {
        "part-1.ndjson": lines(GOOD),
        "_manifest.json": json.dumps({"files": [{"path": "part-1.ndjson", "bytes": 3, "note": NAME}]}).encode(),
    },
    "a manifest with a wrong count": {
        "part-1.ndjson": lines(GOOD),
        "_manifest.json": json.dumps({"files": [{"path": "part-1.ndjson", "records": 7}], "by": EMAIL}).encode(),
    },
    "a manifest of another form": {
        "part-1.ndjson": lines(GOOD),
        "_manifest.json": json.dumps({"files": [{"path": 3, "sha256": NAME, "bytes": EMAIL}]}).encode(),
    },
    "a manifest that is no JSON": {"part-1.ndjson": lines(GOOD), "_manifest.json": f'{{"by": {EMAIL}'.encode()},
    "a hash that is none": {"part-1.ndjson": lines(GOOD), "part-1.ndjson.sha256": NAME.encode()},
    "an encrypted file without a key": {"part-1.ndjson.gpg": lines(GOOD)},
}


class Heard:
    """All captured output, by source."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self.said: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        """Standard output alone."""

    def run(self, *arguments: str) -> None:
        """Run a command and capture its output."""
        ended = self._command(*arguments)
        self.said[" ".join(arguments)] = ended.out + ended.err
        self.answers[" ".join(arguments)] = ended.out

    def leaks(self) -> dict[str, list[str]]:
        """Return the text around each canary, by source."""
        texts = {**self.said, **dict(_files(Path("data")))}
        found = {place: list(_around(text)) for place, text in texts.items()}
        return {place: around for place, around in found.items() if around}


def _files(data: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.relative_to(data).parts[0] not in DATA_ITSELF:
            yield str(path), path.read_bytes().decode("utf-8", errors="replace")


def _around(text: str) -> Iterator[str]:
    folded = text.lower()
    for needle in NEEDLES:
        at = folded.find(needle)
        if at >= 0:
            yield text[max(0, at - 120) : at + 60]


@pytest.fixture
def heard(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Return the capture; every secret setting is a canary."""
    for name in ("SFTP_PASSWORD", "SFTP_PASSPHRASE", "DECRYPTION_PASSPHRASE", "ALERT_SMTP_PASSWORD"):
        monkeypatch.setenv(f"CDP_ETL_{name}", SECRET)
    monkeypatch.setenv("CDP_ETL_LOG_LEVEL", "DEBUG")
    return Heard(cdp_etl)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as made:
        monkeypatch.setenv("CDP_ETL_ALERT_WEBHOOK_URL", made.url.replace("T0-secret-path", SECRET))
        yield made


def deliver(number: int, files: Files, entity: str = ACTIVITY) -> str:
    """Write a dump into the landing folder and return its day."""
    day = f"2026-03-{number:02}"
    folder = Path("data/landing", entity, day)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return day


def ask_everything(heard: Heard, server: Webhook, last: str) -> None:
    """Run every command that reports results."""
    days = ("--from", "2026-03-01", "--to", last)
    heard.run("status")
    heard.run("status", "--json")
    heard.run("doctor")
    heard.run("landing", "check", "--date", last)
    heard.run("quarantine", "list")
    heard.run("quarantine", "list", "--json")
    heard.run("quarantine", "replay", *days)
    heard.run("settings")
    heard.run("settings", "--json")
    heard.run("metrics")
    heard.run("report", "--date", last)
    heard.run("check", "--full")
    heard.run("alerts", "check")
    heard.run("alerts", "send")
    heard.run("alerts", "test")
    heard.said["posted"] = json.dumps(server.posted)


@pytest.mark.full
@pytest.mark.parametrize(("log_format", "dumps"), [("json", len(DUMPS)), ("text", 4)], ids=["json", "text"])
def test_nothing_leaves_the_data_by_any_dump(
    heard: Heard, server: Webhook, monkeypatch: pytest.MonkeyPatch, log_format: str, dumps: int
) -> None:
    monkeypatch.setenv("CDP_ETL_LOG_FORMAT", log_format)
    last = [deliver(number, files) for number, files in enumerate([*DUMPS.values()][:dumps], 1)][-1]
    heard.run("run", "--from", "2026-03-01", "--to", last, "--entity", ACTIVITY)
    ask_everything(heard, server, last)

    assert heard.leaks() == {}
    assert server.posted
    statuses = {dump["status"] for dump in json.loads(heard.answers["status --json"])["dumps"]}
    assert {"loaded", "refused"} <= statuses
    assert _instance_tells_of(last)


@pytest.mark.full
def test_no_secret_leaves_by_a_zone_that_does_not_answer(
    heard: Heard, server: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_LANDING", f"sftp://cdp@127.0.0.1:{closed_port()}/dumps")
    Path("known_hosts").write_text("")
    monkeypatch.setenv("CDP_ETL_SFTP_KNOWN_HOSTS", "known_hosts")
    heard.run("run", "--from", "2026-03-01", "--entity", ACTIVITY)
    ask_everything(heard, server, "2026-03-01")

    assert heard.leaks() == {}


def fail_with(error: Exception) -> Callable[..., Any]:
    """Return a replacement of a stage that fails."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.full
@pytest.mark.parametrize(
    ("module", "stage", "error"),
    [
        (day_module, "load_dump", duckdb.ConversionException(f"Could not convert string '{NAME}' to INT64")),
        (day_module, "normalize_dump", ValueError(f"{PHONE} is not in list")),
        (marts_module, "refresh_mart", pl.exceptions.ComputeError(f"could not parse `{EMAIL}`")),
    ],
    ids=["load", "normalize", "mart"],
)
def test_nothing_leaves_by_the_text_of_an_error_nobody_foresaw(  # noqa: PLR0913, PLR0917 - where, by what, and the ears
    heard: Heard,
    server: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    stage: str,
    error: Exception,
) -> None:
    day = deliver(1, {"part-1.ndjson": lines(GOOD)})
    monkeypatch.setattr(module, stage, fail_with(error))
    heard.run("run", "--from", day, "--entity", ACTIVITY)
    heard.run("alerts", "send")
    heard.said["posted"] = json.dumps(server.posted)

    assert heard.leaks() == {}
    assert type(error).__name__ in heard.said["posted"]


def _instance_tells_of(day: str) -> bool:
    """Check that the instance's files are searched at all: they contain the outcome of a day."""
    return any(day in text for place, text in _files(Path("data")) if place.startswith("data/dagster/"))
