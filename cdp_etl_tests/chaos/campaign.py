"""Chaos campaign: commands are disturbed at random, and the next commands must bring the undisturbed result.

    python -m cdp_etl_tests.chaos.campaign --cases 200 --results .chaos/results.jsonl

A case copies an installation with loaded dumps, a corrected dump and a new one. It disturbs a command: by SIGKILL
after a random CPU time, by a call on the disk that fails with a random error, or by a disk that is full. Or it
changes one byte of a stored file. Then an operator goes on: repeats the command, loads all days, and after a
changed byte checks all data. If a command fails, its sentence must name a command, which the operator runs. At the
end, staging, marts and snapshot must equal those of the undisturbed commands, by EXCEPT ALL both ways.

Cases are seeded, and the results file has one JSON line for each. A second run with the same file continues after
its last seed. `--seed N` repeats one case. A failed case leaves its folder.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import count, islice
from pathlib import Path
from typing import Any

import duckdb

from cdp_etl.contract.render.ddl import literal
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.sample import generate
from cdp_etl_tests.chaos.commands import Ended, Fault, kill_after, run
from cdp_etl_tests.end_to_end.comparing import TABLES
from cdp_etl_tests.faults import ERRNOS, Call

ENTITIES = ("customer-product-subscriber", "email-interaction")
LOADED, DAYS = ("2026-03-01", "2026-03-02"), ("2026-03-01", "2026-03-03")
BACKUP = "backups/before.duckdb"
_OF_ENTITIES = tuple(part for entity in ENTITIES for part in ("--entity", entity))

Arguments = tuple[str, ...]


def load_days(days: tuple[str, str], *options: str) -> Arguments:
    """Return the command that loads some days."""
    return ("load", "--from", days[0], "--to", days[1], *_OF_ENTITIES, *options)


COMMANDS: Mapping[str, Arguments] = {
    "load": load_days(DAYS),
    "load --deep --force": load_days(LOADED, "--deep", "--force"),
    "run": ("run", *load_days(DAYS)[1:]),
    "quarantine replay": ("quarantine", "replay", "--from", LOADED[0], "--to", LOADED[1]),
    "consent withdraw": (
        "consent",
        "withdraw",
        "--entity",
        ENTITIES[0],
        "--dump-date",
        LOADED[0],
        "--load-seq",
        "1",
    ),
    "marts rebuild": ("marts", "rebuild", "--all"),
    "marts publish": ("marts", "publish", "--new-key"),
    "compact": ("compact",),
    "backup": ("backup", "backups/again.duckdb"),
    "restore": ("restore", BACKUP, "--replace"),
    "archive prune": ("archive", "prune"),
    "report": ("report", "--date", LOADED[1]),
    "quarantine export": ("quarantine", "export", "quarantine.ndjson"),
}
PLACES = ("archive", "lake", "published", "warehouse")
CHECK: Arguments = ("check", "--full")
LOAD: Arguments = COMMANDS["load"]
_MAX_STEPS = 12
_IN_NAMESPACE = "CHAOS_IN_NAMESPACE"
_DISK_BYTES = 3 << 30  # the full check needs a gigabyte free
_ROOM_BYTES = (1 << 12, 1 << 23)
"""Room on a disk that fills up: from one page to what any command needs."""

_DONE_ALREADY = ("has no consent statement in force", "exists; choose another name", "already exists")
"""What commands say if they were disturbed after they had done everything."""


@dataclass(frozen=True)
class Case:
    """A case: what is disturbed, and how.

    Attributes:
        seed: Seed of everything random in it.
        disturbance: kill, fault, full disk or changed byte.
        subject: The command, or the folder whose file changes.
    """

    seed: int
    disturbance: str
    subject: str

    @classmethod
    def of_seed(cls, seed: int, disturbances: Sequence[str]) -> "Case":
        """Return the case of a seed."""
        rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
        disturbance = rng.choice(disturbances)
        return cls(seed, disturbance, rng.choice(PLACES if disturbance == "changed byte" else tuple(COMMANDS)))


@dataclass(frozen=True)
class Undisturbed:
    """Undisturbed history of a command.

    Attributes:
        home: Folder of its result.
        ended: The command itself, with its CPU time and its calls on the disk.
    """

    home: Path
    ended: Ended


@dataclass
class Outcome:
    """Outcome of a case.

    Attributes:
        detail: Where the command was disturbed.
        reported: Sentences of commands that failed afterwards.
        faults: What must not be; empty if the case passed.
    """

    detail: str = ""
    reported: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Campaign:
    """A work folder with the template, the undisturbed histories, and the cases."""

    def __init__(self, work: Path, *, can_mount: bool = False) -> None:
        """Create the campaign; `can_mount` is whether each case can have a small disk of its own."""
        self.work = work
        self.can_mount = can_mount
        self._undisturbed: dict[str, Undisturbed] = {}
        self._making: dict[str, threading.Lock] = defaultdict(threading.Lock)
        work.mkdir(parents=True, exist_ok=True)

    @property
    def disturbances(self) -> tuple[str, ...]:
        """Return the disturbances that are possible here."""
        return ("kill", "kill", "fault", "fault", "changed byte", *(("full disk",) if self.can_mount else ()))

    def play(self, case: Case) -> Outcome:
        """Play a case in a folder of its own, which is deleted if the case passed."""
        folder = self.work / f"case-{case.seed}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if not self.can_mount:
            return self._play(case, folder / "home")
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "none", str(folder)]
        subprocess.run(mount, check=True)
        try:
            return self._play(case, folder / "home")
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def _play(self, case: Case, home: Path) -> Outcome:
        shutil.copytree(self._template(), home)
        outcome = Outcome()
        rng = random.Random(f"details of {case.seed}")  # noqa: S311 - reproducible, not secret
        is_command = case.disturbance != "changed byte"
        command = COMMANDS[case.subject] if is_command else LOAD
        expected = self._history(case.subject if is_command else "load")
        if is_command:
            outcome.detail, ended = self._disturb(case, home, command, expected.ended, rng)
            self._judge_disturbed(ended, outcome)
        else:
            assert run(home, command).code == 0
            outcome.detail = change_byte(home / "data" / case.subject, rng)
        self._go_on(home, (command, LOAD) if is_command else (LOAD, CHECK, LOAD), outcome)
        if not outcome.faults:
            outcome.faults += differences(home, expected.home)
        if outcome.faults:
            shutil.copytree(home, self.work / f"failed-{case.seed}", dirs_exist_ok=True)
        shutil.rmtree(home)
        return outcome

    def _disturb(
        self, case: Case, home: Path, command: Arguments, usual: Ended, rng: random.Random
    ) -> tuple[str, Ended]:
        if case.disturbance == "kill":
            seconds = rng.uniform(0, usual.cpu_seconds)
            return f"after {seconds:.2f} s of {usual.cpu_seconds:.2f}", run(
                home, command, watch=kill_after(seconds)
            )
        if case.disturbance == "fault":
            fault = Fault(rng.choice(usual.calls), rng.choice(ERRNOS))
            detail = f"{fault.call.event} at {fault.call.place}: {os.strerror(fault.number)}"
            return detail, run(home, command, fault=fault)
        room = round(_ROOM_BYTES[0] * (_ROOM_BYTES[1] / _ROOM_BYTES[0]) ** rng.random())
        resize(home.parent, shutil.disk_usage(home).used + room)
        try:
            return f"{room} bytes free", run(home, command)
        finally:
            resize(home.parent, _DISK_BYTES)

    @staticmethod
    def _judge_disturbed(ended: Ended, outcome: Outcome) -> None:
        if "unexpected" in ended.reported or "Traceback" in ended.reported:
            outcome.faults.append(f"the disturbed command reported: {_last(ended.reported)}")
        elif ended.code > 0:
            outcome.reported.append(_last(ended.reported))
            if not outcome.reported[-1]:
                outcome.faults.append(f"the disturbed command ended with {ended.code} and without a sentence")

    def _go_on(self, home: Path, commands: Sequence[Arguments], outcome: Outcome) -> None:
        """Run commands as an operator does; after a failure run what its sentence names, and repeat."""
        waiting = list(commands)
        for _ in range(_MAX_STEPS):
            if not waiting:
                return
            ended = run(home, waiting[0])
            text = _last(ended.reported)
            if ended.code == 0 or any(done in text for done in _DONE_ALREADY):
                waiting.pop(0)
                continue
            outcome.reported.append(text)
            remedy = None if "unexpected" in text else next(remedies(ended.printed + ended.reported), None)
            if remedy is None:
                outcome.faults.append(f"{' '.join(waiting[0])} names no command: {text}")
                return
            if remedy[0] == "mv":
                shutil.move(home / remedy[1], home / remedy[2])
            elif (helped := run(home, remedy)).code and remedy[0] != "check":
                outcome.reported.append(_last(helped.reported))
        outcome.faults.append(f"the commands that were named do not help: {' '.join(waiting[0])}")

    def _template(self) -> Path:
        with self._making["template"]:
            return self._made_template()

    def _made_template(self) -> Path:
        home = self.work / "template"
        if not home.exists():
            building = self.work / "template.part"
            shutil.rmtree(building, ignore_errors=True)
            landing = building / "data/landing"
            generate(landing, date.fromisoformat(LOADED[0]), 2, 40, entities=ENTITIES, dirty=0.1)
            for command in (load_days(LOADED), ("backup", BACKUP)):
                ended = run(building, command)
                assert ended.code == 0, ended.reported
            generate(landing, date.fromisoformat(LOADED[1]), 2, 50, entities=ENTITIES, dirty=0.1, seed=2)
            building.rename(home)
        return home

    def _history(self, subject: str) -> Undisturbed:
        with self._making[f"history of {subject}"]:
            return self._made_history(subject)

    def _made_history(self, subject: str) -> Undisturbed:
        if subject not in self._undisturbed:
            home = self.work / f"undisturbed-{subject.replace(' ', '_')}"
            facts = home / "undisturbed.json"
            if not facts.exists():
                shutil.rmtree(home, ignore_errors=True)
                shutil.copytree(self._template(), home)
                ended = run(home, COMMANDS[subject], collects_calls=True)
                assert ended.code == 0, ended.reported
                assert run(home, LOAD).code == 0
                facts.write_text(json.dumps(asdict(ended)))
            stored = json.loads(facts.read_text())
            calls = tuple(Call(**call) for call in stored.pop("calls"))
            self._undisturbed[subject] = Undisturbed(home, Ended(**stored, calls=calls))
        return self._undisturbed[subject]


def change_byte(folder: Path, rng: random.Random) -> str:
    """Change one bit of a random file of a folder, and return where."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    path = rng.choice(files)
    content = bytearray(path.read_bytes())
    offset = rng.randrange(len(content))
    content[offset] ^= 1 << rng.randrange(8)
    mode = path.stat().st_mode
    path.chmod(0o600)
    with path.open("r+b") as file:  # the same inode, as a disk does it
        file.seek(offset)
        file.write(content[offset : offset + 1])
    path.chmod(mode)
    return f"{path.relative_to(folder.parent)}, byte {offset} of {len(content)}"


def remedies(reported: str) -> Iterator[Arguments]:
    """Yield the commands that sentences name in backticks, with what an operator fills in."""
    for text in re.findall(r"`([^`]+)`", " ".join(reported.split())):
        for command in text.split(" && "):
            words = command.split()
            if words[0] == "mv":
                yield tuple(words)
            elif words[:2] == ["cdp-etl", "restore"]:
                yield ("restore", BACKUP, "--replace")
            elif words[:2] == ["cdp-etl", "run"] and "DATE" not in words:
                yield ("load", *words[2:])
            elif words[0] == "cdp-etl" and "DATE" not in words:
                yield tuple(words[1:])


def differences(home: Path, expected: Path) -> list[str]:
    """Compare staging, marts and snapshot of two installations, by EXCEPT ALL both ways."""
    statements = "(SELECT DISTINCT * EXCLUDE (load_seq) FROM {}.staging.consent_statement)"
    warehouse = {table: f"{{}}.{table}" for table in TABLES} | {"staging.consent_statement": statements}
    published = {mart.table: f"{{}}.{mart.table}" for mart in PUBLISHED if mart.table in TABLES}
    if _key(home) != _key(expected):  # then all pseudonyms differ
        published = {}
    return [
        *_differences("data/warehouse/cdp.duckdb", home, expected, warehouse),
        *_differences("data/published/cdp.duckdb", home, expected, published),
    ]


def _key(home: Path) -> bytes:
    return (home / "data/keys/pseudonym").read_bytes()


def _differences(database: str, home: Path, expected: Path, tables: Mapping[str, str]) -> Iterator[str]:
    with closing(duckdb.connect(config={"threads": 1, "memory_limit": "500MiB"})) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, folder in (("found", home), ("expected", expected)):
            connection.execute(f"ATTACH {literal(str(folder / database))} AS {name} (READ_ONLY)")
        for table, source in tables.items():
            for one, other in (("found", "expected"), ("expected", "found")):
                query = f"(FROM {source.format(one)}) EXCEPT ALL (FROM {source.format(other)})"
                ((rows,),) = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
                if rows:
                    yield f"{database} {table}: {rows} rows of {one} are not in {other}"


def resize(disk: Path, size: int) -> None:
    """Set the size of a small disk in bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def read(results: Path) -> list[dict[str, Any]]:
    """Return the lines of a results file; none if it does not exist."""
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []


def summary(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table of the cases as Markdown.

    Without a failure in n cases, the share of cases that fail is at most 3/n, with a probability of 95%.
    """
    yield "| disturbance | cases | a command reported what to do | failed |"
    yield "|---|--:|--:|--:|"
    for disturbance in sorted({line["disturbance"] for line in lines}):
        own = [line for line in lines if line["disturbance"] == disturbance]
        reported = sum(bool(line["reported"]) for line in own)
        failed = [line["seed"] for line in own if line["faults"]]
        yield f"| {disturbance} | {len(own)} | {reported} | {failed or 0} |"


def _last(reported: str) -> str:
    return (reported.strip().splitlines() or [""])[-1]


def _enter_namespace() -> None:
    """Start this program again in a mount namespace of its own, if the machine permits that."""
    unshare = ["unshare", "--map-root-user", "--mount"]
    is_permitted = subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode == 0
    if is_permitted and _IN_NAMESPACE not in os.environ:
        os.environ[_IN_NAMESPACE] = "1"
        again = [*unshare, sys.executable, "-m", "cdp_etl_tests.chaos.campaign", *sys.argv[1:]]
        os.execvp(unshare[0], again)  # noqa: S606 - no shell is needed


def main() -> None:
    """Play cases and print the summary of the results file. Exit with status 1 if a case failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200, help="number of further cases")
    parser.add_argument("--seed", type=int, help="play this case alone")
    parser.add_argument("--subject", action="append", help="play only cases of this command or folder; repeatable")
    parser.add_argument("--results", type=Path, default=Path(".chaos/results.jsonl"), help="file of JSON lines")
    parser.add_argument("--processes", type=int, default=2, help="cases at the same time")
    parser.add_argument("--work", type=Path, default=Path(".chaos"), help="folder of installations")
    options = parser.parse_args()
    _enter_namespace()
    work = options.work.resolve()
    campaign = Campaign(work, can_mount=_IN_NAMESPACE in os.environ)
    done = {line["seed"] for line in read(options.results)}

    def is_wanted(seed: int) -> bool:
        subject = Case.of_seed(seed, campaign.disturbances).subject
        return seed not in done and (not options.subject or subject in options.subject)

    new = islice(filter(is_wanted, count(1)), options.cases)
    lock = threading.Lock()

    def play(seed: int) -> None:
        case, start = Case.of_seed(seed, campaign.disturbances), time.monotonic()
        outcome = campaign.play(case)
        line = {"at": int(time.time()), **asdict(case), **asdict(outcome), "seconds": time.monotonic() - start}
        with lock, options.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    with ThreadPoolExecutor(options.processes) as workers:
        for played in [workers.submit(play, seed) for seed in (new if options.seed is None else [options.seed])]:
            played.result()
    lines = read(options.results)
    sys.stdout.write("\n".join(summary(lines)) + "\n")
    sys.exit(any(line["faults"] for line in lines))


if __name__ == "__main__":
    main()
