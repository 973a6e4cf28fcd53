"""A day of deliveries by SFTP: one dump late, one corrected, one corrupt, one missing; every view reports that.

On a real sshd, Postgres, daemon and web server. Only the schedule and the sensors start runs.
"""

import gzip
import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.pipeline.unapplied_loads import find_unapplied_loads
from cdp_etl.report.formatting import name
from cdp_etl.sample import generate
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseMissingError, ledger
from cdp_etl_tests.alerts.servers import Webhook, webhook
from cdp_etl_tests.end_to_end.comparing import contents, reason, statuses
from cdp_etl_tests.end_to_end.installation import Installation, installation
from cdp_etl_tests.end_to_end.postgres import Postgres
from cdp_etl_tests.landing.servers import openssh_server
from cdp_etl_tests.noon import zone_at_noon

pytestmark = pytest.mark.system

LATE, CORRECTED, CORRUPT, MISSING = (
    "customer-product-comment",
    "email-interaction",
    "customer-product-review",
    "customer-product-subscriber",
)
PUNCTUAL = ("customer-product-activity", "sms-interaction")
_ROWS = 40
LONG = 500
"""Maximum wait in seconds; the machine may be busy."""


def table(entity: str) -> str:
    return entity.replace("-", "_")


@dataclass(frozen=True)
class Shop:
    """Installation at noon of some time zone, its partner's files, and the receiver of its alerts."""

    installed: Installation
    ready: Path
    """Correct dumps, as the partner produces them."""
    zone: Path
    """Files that the SFTP server offers."""
    hook: Webhook
    yesterday: date

    def deliver(self, *entities: str) -> None:
        """Upload dumps of yesterday."""
        for entity in entities:
            there = self.zone / entity / self.yesterday.isoformat()
            shutil.copytree(self.ready / entity / self.yesterday.isoformat(), there, dirs_exist_ok=True)

    def load_counts(self) -> dict[str, int]:
        """Count how often each dump of yesterday was loaded."""
        try:
            with self.installed.settings.open_warehouse().reading() as connection:
                counted = connection.execute(
                    "SELECT entity, count(*) FROM ops.load WHERE status = 'loaded' GROUP BY ALL"
                ).fetchall()
        except WarehouseMissingError:
            return {}
        return dict(counted)

    def messages(self) -> str:
        """Return all messages sent to people."""
        return "\n".join(str(message["text"]) for message in self.hook.posted)

    def still_open(self) -> set[str]:
        """Return findings that were sent and not resolved."""
        sent = {f"dump {what}" for what in re.findall(r"^Dump (\w+: \S+ \S+)$", self.messages(), re.MULTILINE)}
        return sent - set(re.findall(r"^Resolved: (.+)$", self.messages(), re.MULTILINE))


@pytest.fixture(scope="module")
def shop(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("day")
    zone, local = zone_at_noon()
    yesterday = local.date() - timedelta(days=1)
    at = local + timedelta(seconds=100)
    generate(home / "ready", yesterday, 1, _ROWS)
    (home / "sshd").mkdir()
    with openssh_server(home / "sshd") as server, webhook() as hook:
        settings = {
            "CDP_ETL_LANDING": server.location(),
            "CDP_ETL_SFTP_KEY_FILE": str(server.options.key_file),
            "CDP_ETL_SFTP_KNOWN_HOSTS": str(server.options.known_hosts),
            "CDP_ETL_FIRST_DUMP_DATE": yesterday.isoformat(),
            "CDP_ETL_DUMP_TIMEZONE": zone,
            "CDP_ETL_SCHEDULE": f"{at.minute} {at.hour} * * *",
            "CDP_ETL_POLL_INTERVAL_SECONDS": "10",
            "CDP_ETL_ALERT_WEBHOOK_URL": hook.url,
            "CDP_ETL_ALERT_DEADLINE": "24:00",
        }
        with installation(home, postgres, **settings) as installed:
            yield Shop(installed, home / "ready", server.root, hook, yesterday)


def test_a_day_in_the_life(shop: Shop, tmp_path: Path) -> None:
    warehouse = shop.installed.settings.open_warehouse()
    day = shop.yesterday

    # Morning: the punctual dumps, a wrong first version of one, and an unreadable one.
    shop.deliver(*PUNCTUAL, CORRECTED)
    wrong = shop.zone / CORRECTED / day.isoformat() / "part-1.ndjson"
    right = wrong.read_bytes()  # a fault of the sample may be a byte that is not UTF-8
    wrong.write_bytes(b"".join(right.splitlines(keepends=True)[: _ROWS // 2]))
    broken = shop.zone / CORRUPT / day.isoformat() / "part-1.ndjson.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(gzip.compress(b"{}\n" * 1000)[:-9])
    in_the_morning = {table(entity): 1 for entity in (*PUNCTUAL, CORRECTED)}
    shop.installed.wait(
        "what arrived in the morning is loaded", lambda: shop.load_counts() == in_the_morning, seconds=LONG
    )
    # The schedule polls all six entities and records the missing ones.
    shop.installed.wait(
        "the schedule has asked for the day",
        lambda: statuses(warehouse).get((table(MISSING), day)) == "missing",
        seconds=LONG,
    )

    # Afternoon: the late dump, and the corrected one again.
    shop.deliver(LATE)
    wrong.write_bytes(right)
    at_the_end = in_the_morning | {table(LATE): 1, table(CORRECTED): 2}
    shop.installed.wait(
        "the late and the corrected one are loaded", lambda: shop.load_counts() == at_the_end, seconds=LONG
    )
    shop.installed.wait("the marts hold every load", lambda: is_held(shop.installed.settings), seconds=LONG)

    # The ledger reports exactly that.
    ended = statuses(warehouse)
    assert {entity.table for entity in ENTITIES} == {loaded for loaded, _ in ended}
    assert ended[table(CORRUPT), day] == "refused"
    assert ended[table(MISSING), day] == "missing"
    assert "part-1.ndjson.gz" in reason(warehouse, table(CORRUPT), day)
    for entity in (*PUNCTUAL, LATE, CORRECTED):
        assert ended[table(entity), day] in {"loaded", "unchanged"}
    corrected = ledger(warehouse).filter(pl.col("entity") == table(CORRECTED))
    assert corrected["loaded_records_read"].item() == len(right.splitlines())
    # The marts equal those of a single run over the final files.
    assert contents(warehouse) == contents(loaded_at_once(shop, tmp_path).open_warehouse())
    # The report, which is written after the snapshot, agrees.
    facts = {f"{name(BY_NAME[CORRUPT])}: the dump was refused", f"{name(BY_NAME[MISSING])}: no files were found"}
    shop.installed.wait("the report agrees", lambda: all(fact in report_of(shop) for fact in facts), seconds=LONG)
    # The alerts agree: of the dumps missing in the morning only this one is unresolved.
    still = {f"dump refused: {CORRUPT} {day}", f"dump missing: {MISSING} {day}"}
    shop.installed.wait("the resolved findings were sent", lambda: shop.still_open() == still, seconds=LONG)
    assert "Run failed" not in shop.messages()
    doctor = shop.installed.command_line("cdp-etl", "doctor")
    assert "Running." in doctor.stdout, doctor.stdout + doctor.stderr


def is_held(settings: Settings) -> bool:
    """Return whether marts and snapshot have applied every load."""
    return find_unapplied_loads(settings.open_warehouse(), settings.published) is None


def loaded_at_once(shop: Shop, folder: Path) -> Settings:
    """Load the final files of the server in one run."""
    once = {
        "CDP_ETL_DATA": str(folder),
        "CDP_ETL_LANDING": str(shop.zone),
        "DAGSTER_HOME": str(folder / "dagster"),
    }
    day = shop.yesterday.isoformat()
    ended = shop.installed.command_line(
        "cdp-etl", "run", "--from", day, variables={**shop.installed.variables, **once}
    )
    assert ended.returncode == 1, ended.stderr  # one file is corrupt there too
    return Settings(data=folder)


def report_of(shop: Shop) -> str:
    """Return the text of the day's report, empty before it is written."""
    page = shop.installed.settings.reports / f"{shop.yesterday}.html"
    if not page.exists():
        return ""
    return html.unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))
