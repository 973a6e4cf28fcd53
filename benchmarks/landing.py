"""Speed of pulling a dump from sshd and from an S3 endpoint, compared with standard clients.

    python benchmarks/landing.py [--megabytes 1000] [--runs 3] [--out benchmarks/results-landing.md]

Each pull and each client runs in a process of its own, interleaved. The table has the medians. All clients get the
same files from the same server over loopback. The time of `pull_dump` includes hashing, syncing to disk and a
second listing.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import obstore
from obstore.store import S3Store

from cdp_etl.landing import ObjectStoreOptions, SftpOptions, ZoneOptions, open_zone, pull_dump
from cdp_etl_tests.landing.servers import Keys, S3Server, SftpServer, free_port, openssh_server, wait_for

ENTITY, DAY = "customer-product-activity", date(2026, 3, 1)
FOLDER = f"{ENTITY}/{DAY.isoformat()}"
MEGABYTE = 1_000_000
SHAPES = {"large": 100 * MEGABYTE, "small": MEGABYTE}
REGION = "us-east-1"
ROUND_TRIP_SECONDS = 0.02


class Measurement(NamedTuple):
    """One run: wall seconds, CPU seconds of the client, peak resident MiB."""

    seconds: float
    cpu: float
    peak_mib: float


def main() -> None:
    """Run one measured client (as a child) or the whole comparison."""
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(_child(sys.argv[2], json.loads(sys.argv[3]))))
        return
    if sys.argv[1:2] == ["delayed"]:
        asyncio.run(_serve_with_delay(int(sys.argv[2]), int(sys.argv[3])))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.megabytes < max(SHAPES.values()) // MEGABYTE:
        parser.error("--megabytes: expected at least one large file, 100")
    with tempfile.TemporaryDirectory() as name:
        lines = []
        for line in _compare(Path(name), arguments.megabytes, arguments.runs):
            print(line, flush=True)
            lines.append(line)
    if arguments.out:
        arguments.out.write_text(_report(lines, arguments.megabytes, arguments.runs))


def _compare(work: Path, megabytes: int, runs: int) -> Iterator[str]:
    yield "| server | files | client | MB/s | CPU s | peak MiB |"
    yield "|---|---|---|--:|--:|--:|"
    for folder in ("ssh", "s3"):
        (work / folder).mkdir()
    with openssh_server(work / "ssh") as sshd, _moto() as s3, _delayed(sshd.port) as delayed_port:
        delayed = replace(sshd, port=delayed_port, options=Keys(work / "ssh" / "keys").options(delayed_port))
        s3.create_bucket("bench")
        for shape, size in SHAPES.items():
            folder = f"{shape}/{FOLDER}"
            _deliver(sshd.root / folder, size, megabytes * MEGABYTE // size)
            asyncio.run(_upload(s3, sorted((sshd.root / folder).iterdir()), folder))
            yield from _measure(_clients(sshd, delayed, s3, shape), work / "out", size, megabytes, runs)
            shutil.rmtree(sshd.root / shape)


def _clients(sshd: SftpServer, delayed: SftpServer, s3: S3Server, shape: str) -> dict[tuple[str, str], list[Any]]:
    folder = f"{shape}/{FOLDER}"
    delayed_name = f"sshd, {ROUND_TRIP_SECONDS * 1000:.0f} ms away"
    return {
        ("sshd", "`pull_dump`"): _pull_sftp(sshd, shape),
        ("sshd", "`sftp -r`"): _openssh("sftp", sshd, folder),
        ("sshd", "`scp -r`"): _openssh("scp", sshd, folder),
        (delayed_name, "`pull_dump`"): _pull_sftp(delayed, shape),
        (delayed_name, "`sftp -r`"): _openssh("sftp", delayed, folder),
        ("moto", "`pull_dump`"): ["child", "s3", {"endpoint": s3.endpoint, "shape": shape}],
        ("moto", "obstore's bare get"): ["child", "bare", {"endpoint": s3.endpoint, "folder": folder}],
    }


def _measure(
    clients: dict[tuple[str, str], list[Any]], out: Path, size: int, megabytes: int, runs: int
) -> Iterator[str]:
    measured: dict[tuple[str, str], list[Measurement]] = {client: [] for client in clients}
    for _ in range(runs):
        for client, command in clients.items():
            measured[client].append(_run(command, out))
    files = f"{megabytes * MEGABYTE // size} of {size // MEGABYTE} MB"
    for (server, name), runs_of_client in measured.items():
        seconds, cpu, peak = (statistics.median(column) for column in zip(*runs_of_client, strict=True))
        yield f"| {server} | {files} | {name} | {megabytes / seconds:.0f} | {cpu:.1f} | {peak:.0f} |"


def _deliver(folder: Path, size: int, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"part-{number}.ndjson").write_bytes(os.urandom(size))


async def _upload(s3: S3Server, files: list[Path], prefix: str) -> None:
    store = _store(s3.endpoint)
    for path in files:
        await obstore.put_async(store, f"{prefix}/{path.name}", path)


def _store(endpoint: str) -> S3Store:
    return S3Store(
        "bench",
        endpoint=endpoint,
        region=REGION,
        access_key_id="x",
        secret_access_key="x",  # noqa: S106 - moto takes any
        client_options={"allow_http": True, "timeout": "1h"},
    )


def _pull_sftp(server: SftpServer, shape: str) -> list[Any]:
    return [
        "child",
        "sftp",
        {
            "location": server.location(shape),
            "key_file": str(server.options.key_file),
            "known_hosts": str(server.options.known_hosts),
        },
    ]


def _openssh(program: str, server: SftpServer, folder: str) -> list[Any]:
    options = ["-q", "-i", str(server.options.key_file), "-o", f"UserKnownHostsFile={server.options.known_hosts}"]
    options += ["-o", "IdentitiesOnly=yes", "-P", str(server.port)]
    source = f"127.0.0.1:{server.root}/{folder}"
    if program == "scp":
        return ["scp", *options, "-r", source]
    return ["sftp", *options, "-r", source]


def _run(command: list[Any], out: Path) -> Measurement:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    if command[0] == "child":
        arguments = [sys.executable, __file__, "child", command[1], json.dumps(command[2] | {"out": str(out)})]
        done = subprocess.run(arguments, capture_output=True, check=True)
        return Measurement(*json.loads(done.stdout))
    started = time.perf_counter()
    with subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL) as process:
        peak = 0.0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, _peak_mib(process.pid))
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed")
    return Measurement(time.perf_counter() - started, ended[2].ru_utime + ended[2].ru_stime, peak)


def _peak_mib(pid: int) -> float:
    """Return the peak memory of a process. ru_maxrss would include the parent's memory before exec."""
    runs_of_client = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(runs_of_client[1]) / 1024 if runs_of_client else 0.0  # a process that has just ended has no memory


def _child(kind: str, given: dict[str, str]) -> Measurement:
    started, cpu = time.perf_counter(), time.process_time()
    out = Path(given["out"])
    if kind == "bare":
        asyncio.run(_bare_get(given["endpoint"], given["folder"], out))
    else:
        options = ZoneOptions(
            sftp=SftpOptions(
                key_file=Path(given.get("key_file", "")), known_hosts=Path(given.get("known_hosts", ""))
            ),
            object_store=ObjectStoreOptions(endpoint=given.get("endpoint"), region=REGION),
        )
        os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        location = given.get("location") or f"s3://bench/{given['shape']}"
        if pull_dump(open_zone(location, options=options), ENTITY, DAY, out) is None:
            raise RuntimeError("nothing was pulled")
    return Measurement(time.perf_counter() - started, time.process_time() - cpu, _peak_mib(os.getpid()))


async def _bare_get(endpoint: str, folder: str, out: Path) -> None:
    store = _store(endpoint)
    async for path in _keys(store, folder):
        result = await obstore.get_async(store, path)
        with (out / Path(path).name).open("wb") as file:
            async for piece in result.stream():
                file.write(piece)


async def _keys(store: S3Store, folder: str) -> AsyncIterator[str]:
    async for page in obstore.list(store, folder):
        for meta in page:
            yield meta["path"]


@contextmanager
def _moto() -> Iterator[S3Server]:
    port = free_port()
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield S3Server(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


@contextmanager
def _delayed(target_port: int) -> Iterator[int]:
    """Yield a port that forwards to another, with half of ROUND_TRIP_SECONDS each way at full bandwidth."""
    port = free_port()
    with subprocess.Popen([sys.executable, __file__, "delayed", str(port), str(target_port)]) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()


async def _serve_with_delay(port: int, target_port: int) -> None:
    loop = asyncio.get_running_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(1024 * 1024):
            loop.call_later(ROUND_TRIP_SECONDS / 2, writer.write, piece)
        loop.call_later(ROUND_TRIP_SECONDS / 2, writer.close)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


def _report(lines: list[str], megabytes: int, runs: int) -> str:
    return f"""# Landing: speed of pulling a dump, compared with standard clients

Written by `make bench-landing`: {megabytes} MB of random bytes, medians of {runs} interleaved runs on
{os.cpu_count()} cores shared with the servers, Python {platform.python_version()}. `pull_dump` also hashes, syncs
to disk and lists twice. Its time excludes the start of Python; the times of `sftp` and `scp` include theirs. moto
is a server in Python, so its rows mostly measure moto. "{ROUND_TRIP_SECONDS * 1000:.0f} ms away" is loopback
through a proxy with the delay of a partner's server. The load average at the end was {os.getloadavg()[1]:.0f}: if
it exceeds the number of cores, compare rows only with each other, not with other machines.

{chr(10).join(lines)}
"""


if __name__ == "__main__":
    main()
