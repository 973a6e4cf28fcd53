"""The committed landing zone `data/landing`: three days, all entities, several formats and compressions.

`python -m cdp_etl.sample` writes it.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.entities import BY_NAME
from cdp_etl.sample.dump_spec import DumpSpec
from cdp_etl.sample.expected import ExpectedCounts
from cdp_etl.sample.faults import RawRecord
from cdp_etl.sample.generator import replace_dump
from cdp_etl.sample.shared_data import make_shared_data

FIRST_DAY: Final = date(2026, 3, 1)
DAYS: Final = 3
_SEED: Final = 1
_FAULT_SHARE: Final = 0.06
"""High enough that every kind of fault occurs among the few rows."""

_DELIVERIES: Final[tuple[tuple[str, int, DataFormat, Compression], ...]] = (
    ("customer-product-activity", 400, "ndjson", "gz"),
    ("email-interaction", 300, "ndjson", "none"),
    ("sms-interaction", 300, "csv", "gz"),
    ("customer-product-comment", 200, "json", "none"),
    ("customer-product-review", 250, "ndjson", "zst"),
    ("customer-product-subscriber", 250, "parquet", "none"),
)
_CONTRACT_SAMPLE_DATE: Final = FIRST_DAY

CONTRACT_SAMPLE_COMMENT: Final[RawRecord] = {
    "systemName": "Website",
    "internalCompanyId": "ORG1029130112",
    "commentId": "106326142526362525",
    "parentCommentId": None,
    "title": "Tình trạng sản phẩm",
    "content": "Xin hỏi sản phẩm này còn không?",
    "commentedAt": 1614814801000,
    "ipAddress": "14.169.110.80",
    "customerId": "KH12352632526325",
    "customerName": "Nguyen Minh Dien",
    "customerPhone": "098685xxx",
    "customerEmail": "[email protected]",
    "productId": "PID32632526325",
    "productSku": "SKU3263252632",
    "productName": "Iphone 12",
    "productCategoryId": "C1020",
    "productPrice": 23520000,
    "productPrice4Sale": 23000000,
    "productLink": "https://domain/product....html",
    "productImageLink": "https://domain/...jpg",
    "customFieldTexts": {"customField01": "tag:question"},
}
"""The JSON sample in the contract itself."""


def write_demo_zone(out: Path) -> list[ExpectedCounts]:
    """Write the sample landing zone. It replaces the output of an earlier run.

    Raises:
        SampleError: If a dump's folder contains files that were not generated.
    """
    shared = make_shared_data(_SEED)
    expectations = []
    for dump_date in (FIRST_DAY + timedelta(days=number) for number in range(DAYS)):
        for name, rows, data_format, compression in _DELIVERIES:
            has_sample = name == "customer-product-comment" and dump_date == _CONTRACT_SAMPLE_DATE
            dump = DumpSpec(
                shared=shared,
                entity=BY_NAME[name],
                dump_date=dump_date,
                rows=rows,
                dirty=_FAULT_SHARE,
                data_format=data_format,
                compression=compression,
                appended=(CONTRACT_SAMPLE_COMMENT,) if has_sample else (),
            )
            expectations.append(replace_dump(dump, out))
    return expectations
