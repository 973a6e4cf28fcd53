"""Normalization of all files of a dump in batches, several at the same time."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from cdp_etl.contract.entity import Entity
from cdp_etl.normalize.batch import BatchContext, BatchResult, normalize_batch
from cdp_etl.normalize.file_findings import FileFindings
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.dispatch import decode
from cdp_etl.normalize.readers.folder_values import in_folders
from cdp_etl.normalize.record_batch import RecordBatch


def normalize_files(
    context: BatchContext, files: Mapping[str, Path], bounds: ReadBounds, findings: FileFindings, workers: int
) -> Iterator[BatchResult]:
    """Normalize the records of files and yield the results in the order of delivery.

    At most one batch per worker is read ahead, so that memory stays bounded.

    Args:
        context: Objects that all batches of the dump share.
        files: Paths on disk by path within the dump, in the order of delivery.
        bounds: Limits on memory and decompressed size.
        findings: Receives what is recognised in the files beyond their names.
        workers: Number of batches processed at the same time.

    Raises:
        DumpUnreadableError: If a file cannot be read to its end.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="normalize") as pool:
        pending: deque[Future[BatchResult]] = deque()
        for number, batch in enumerate(_batches(context.entity, files, bounds, findings)):
            pending.append(pool.submit(normalize_batch, context, batch, number))
            del batch
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _batches(
    entity: Entity, files: Mapping[str, Path], bounds: ReadBounds, findings: FileFindings
) -> Iterator[RecordBatch]:
    for name, path in files.items():
        for batch in decode(entity, name, path, bounds, findings):
            yield in_folders(entity, batch)
