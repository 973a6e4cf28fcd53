"""Recognition: an unmistakable file is read with a finding, any other is refused with its cause."""

import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest
from backports import zstd

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl.normalize.lake.result import NormalizedDump
from cdp_etl_tests.normalize.harness import NOON_MS, comment, ndjson, normalize

LINES = ndjson(comment(1), comment(2))
TEXT = LINES.decode()
ARRAY = json.dumps([comment(1), comment(2)]).encode()
INDENTED = b"\n".join(json.dumps(comment(number), indent=2).encode() for number in (1, 2))
NAMES = "commentId,content,commentedAt,customerId,customerName,customerPhone,productSku,productName"


def row(number: int) -> str:
    return f"{number},Hello,{NOON_MS},KH1,An,0912345678,SKU1,Iphone"


CSV = "\n".join([NAMES, row(1), row(2), ""])

_PARQUET = io.BytesIO()
pl.DataFrame([comment(1), comment(2)]).write_parquet(_PARQUET)
PARQUET = _PARQUET.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        pytest.param("a.json", LINES, "its content is lines of JSON objects", id="NDJSON named .json"),
        pytest.param("a.json", LINES.replace(b"\n", b""), "objects one after another", id="glued, named .json"),
        pytest.param("a.ndjson", LINES.replace(b"\n", b""), "objects one after another", id="glued objects"),
        pytest.param("a.ndjson", INDENTED, "objects one after another", id="indented objects"),
        pytest.param("a.ndjson", ARRAY, "its content is one JSON array", id="an array on one line"),
        pytest.param(
            "a.ndjson", json.dumps(json.loads(ARRAY), indent=1).encode(), "one JSON array", id="an array"
        ),
        pytest.param("a.ndjson", ARRAY + b"\n[]\n", "lines that hold several objects", id="an array a line"),
        pytest.param("a.json", gzip.compress(ARRAY), "compressed with gzip", id="gzip without .gz"),
        pytest.param("a.csv", zstd.compress(CSV.encode()), "compressed with Zstandard", id="zstd without .zst"),
        pytest.param("a.csv.gz", gzip.compress(CSV.encode()) + b"\0" * 700, "bytes of zero", id="NUL behind gzip"),
        pytest.param("a.ndjson", TEXT.encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param("a.ndjson", TEXT.encode("utf-16-le"), "UTF-16", id="UTF-16 without byte order mark"),
        pytest.param("a.json", ARRAY.decode().encode("utf-16-be"), "UTF-16", id="UTF-16, big endian"),
        pytest.param("a.csv", CSV.encode("utf-16"), "UTF-16", id="CSV in UTF-16"),
        pytest.param(
            "a.ndjson", LINES.replace(b"\n", b"\n\xef\xbb\xbf", 1), "byte order marks", id="a mark within"
        ),
        pytest.param("a.csv", CSV.replace(f"\n{row(2)}", f"\n\ufeff{row(2)}").encode(), "byte order", id="of CSV"),
        pytest.param("a.csv", CSV.replace(",", ";").encode(), "the delimiter is ';'", id="semicolons"),
        pytest.param("a.csv", CSV.replace(",", "\t").encode(), "the delimiter is a tab", id="tabs"),
        pytest.param("a.csv", ("sep=;\r\n" + CSV.replace(",", ";")).encode(), "a line `sep=`", id="a sep= line"),
        pytest.param("a.tsv", CSV.encode(), "the delimiter is ','", id="commas named .tsv"),
        pytest.param("a.txt", CSV.replace(",", "\t").encode(), "the delimiter is a tab", id="tabs named .txt"),
        pytest.param(
            "a", LINES, "lines of JSON objects, although its name says no format", id="NDJSON, no format"
        ),
        pytest.param(
            "a.gz", gzip.compress(ARRAY), "array or object, although its name says no format", id="no name"
        ),
        pytest.param("a.txt", LINES.replace(b"\n", b""), "objects one after another", id="glued, named .txt"),
        pytest.param("a", gzip.compress(LINES), "compressed with gzip", id="gzip without any suffix"),
        pytest.param("a", PARQUET, "its content is Parquet", id="Parquet without a suffix"),
        pytest.param("a.csv", LINES, "lines of JSON objects, although its name says CSV", id="NDJSON named .csv"),
        pytest.param("a.csv", ARRAY, "array or object, although its name says CSV", id="an array named .csv"),
        pytest.param(
            "a.csv", ("\ufeff" + CSV.replace(",", ";")).encode(), "the delimiter is ';'", id="with a mark"
        ),
        pytest.param("a.csv", CSV.replace("\n", ",,\n").encode(), "2 empty headers", id="trailing empty columns"),
        pytest.param(
            "a.csv", CSV.replace("Name\n", "Name,\n").encode(), "1 empty header", id="in the header alone"
        ),
        pytest.param(
            "a.csv",
            CSV.replace(f"\n{row(2)}", f"\n,,,,,,,\n{row(2)}").encode(),
            "rows of delimiters",
            id="empty rows",
        ),
        pytest.param(
            "a.csv",
            CSV.replace(f"\n{row(2)}", f'\n"","","","","","","",""\n , , , , , , , \n{row(2)}').encode(),
            "rows of delimiters",
            id="rows of empty quotes and spaces",
        ),
    ],
)
@pytest.mark.parametrize("batch_bytes", [64, 1 << 16], ids=["read in blocks", "read at once"])
def test_a_file_that_is_not_what_its_name_says_is_read_with_a_finding(
    tmp_path: Path, name: str, content: bytes, finding: str, batch_bytes: int
) -> None:
    outcome = normalize(tmp_path, {name: content}, batch_bytes=batch_bytes)

    assert outcome.accepted["comment_id"].to_list() == ["1", "2"]
    assert (outcome.dump.records_read, outcome.dump.quarantined) == (2, 0)
    assert [finding in sentence for sentence in outcome.dump.findings].count(True) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.ndjson", LINES, id="NDJSON"),
        pytest.param("a.ndjson", b"\xef\xbb\xbf" + LINES, id="with a byte order mark"),
        pytest.param("a.json", ARRAY, id="an array"),
        pytest.param("a.csv", CSV.encode(), id="CSV"),
        pytest.param("a.csv", CSV.replace("Iphone\n", "Iphone,\n").encode(), id="commas in rows alone"),
        pytest.param("a.csv", (CSV + ",,,,,,,\n,,,,,,,\n").encode(), id="rows of commas at the end"),
        pytest.param("a.csv.gz", gzip.compress(CSV.encode()), id="gzip"),
        pytest.param("a.tsv", CSV.replace(",", "\t").encode(), id="tabs"),
        pytest.param("A.TSV.gz", gzip.compress(CSV.replace(",", "\t").encode()), id="compressed tabs"),
        pytest.param("a.txt", CSV.encode(), id="CSV named .txt"),
    ],
)
def test_a_plain_file_has_no_finding(tmp_path: Path, name: str, content: bytes) -> None:
    dump = normalize(tmp_path, {name: content}).dump

    assert (dump.accepted, dump.quarantined, dump.findings) == (2, 0, ())


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        pytest.param("a.csv", CSV.replace(",", "|").encode(), "is the delimiter '|'?", id="another delimiter"),
        pytest.param("a.csv", f"Report of March\n{CSV}".encode(), "none of the required fields", id="a title"),
        pytest.param("a.csv", b"PK\x03\x04" + b"\0" * 99, "an Excel workbook", id="a workbook"),
        pytest.param("a.ndjson", CSV.encode(), "no line begins as JSON", id="CSV named .ndjson"),
        pytest.param("a.ndjson", b"\x80\x02}q\0\n\x81\x03\n", "no line begins as JSON", id="binary"),
        pytest.param(
            "notes.txt", b"All is well.\nDear partner, ...\n", "its name says no format, and it", id="a letter"
        ),
        pytest.param("a.txt", b"[INFO] started\n{}\n", "its name says no format, and it", id="a log"),
        pytest.param("DONE", b" \n", "its name says no format, and it is empty", id="a marker"),
        pytest.param(
            "a", CSV.replace(",", "|").encode(), "is the delimiter '|'?", id="no format, other delimiter"
        ),
        pytest.param("a", b"PK\x03\x04" + b"\0" * 99, "an Excel workbook", id="a workbook without a suffix"),
        pytest.param("a.json", ndjson({"reviews": [comment(1)]}), "holds objects", id="a page of an API"),
        pytest.param("a.ndjson", LINES + ndjson({"a": comment(1), "b": comment(2)}), "record 3", id="a map by id"),
        pytest.param("a.ndjson", b"\x80\x02}q\0\x81\x03", "no line begins as JSON", id="binary without line end"),
        pytest.param("a.ndjson", b"<html>503</html>", "no line begins as JSON", id="a page of a web server"),
        pytest.param(
            "a.ndjson",
            ndjson({"result": {"items": [comment(1), comment(2)]}}),
            "holds objects",
            id="a page in a page",
        ),
        pytest.param(
            "a.json", ndjson({"timezoneGmt": 7, "rows": [comment(1)]}), "holds objects", id="a page with a field"
        ),
        pytest.param(
            "a.json",
            ndjson({"ok": True, "byId": {"1": comment(1), "2": comment(2)}}),
            "holds objects",
            id="a map by id in a page",
        ),
        pytest.param(
            "a.json",
            ndjson({name: {"0": value, "1": value} for name, value in comment(1).items()}),
            "a column in each member",
            id="columns, as pandas writes them",
        ),
        pytest.param(
            "a.json",
            ndjson({name: [value, value] for name, value in comment(1).items()}),
            "a column",
            id="columns",
        ),
        pytest.param(
            "a.json",
            ndjson({"columns": list(comment(1)), "data": [list(comment(1).values())]}),
            "holds objects or arrays",
            id="rows without names",
        ),
        pytest.param("a.json", ndjson([[comment(1), comment(2)], [comment(3)]]), "an array that", id="pages"),
        pytest.param("a.ndjson", LINES + b", ".join([LINES[:-1].splitlines()[0]] * 3), "record 3", id="by commas"),
        *(
            pytest.param("a.ndjson", LINES + mark.join([LINES.splitlines()[0]] * 3), "record 3", id=f"by {mark!r}")
            for mark in (b"|", b"\\n", b"\0", "\u2028".encode(), b" ; ")
        ),
        pytest.param(
            "a.json",
            ndjson({"hits": {"hits": [{"_source": comment(1)}, {"_source": comment(2)}]}}),
            "holds objects",
            id="hits of a search",
        ),
        pytest.param(
            "a.ndjson",
            LINES + ndjson({"Type": "Notification", "Message": ARRAY.decode()}),
            "holds an array as text",
            id="a message with an array as text",
        ),
        pytest.param("a.ndjson", LINES + ndjson(ARRAY.decode()), "a text that holds an array", id="as text"),
        pytest.param("a.ndjson", LINES + b"  ".join([LINES[:-1].splitlines()[0]] * 3), "record 3", id="by spaces"),
        pytest.param(
            "a.ndjson",
            b"[\n" + b",\n".join([b"{}"] * 30_000) + b"]\nx",
            "one object a line",
            id="text behind an array",
        ),
        pytest.param("a.ndjson", INDENTED[:-1], "the last object has no end", id="cut"),
        pytest.param("a.ndjson", INDENTED + b"]", "expected an object", id="a stray bracket"),
        pytest.param("a.csv", b"\xff\xfea\0\0\xd8", "not UTF-16-LE", id="UTF-16 that is cut"),
        pytest.param("a.csv.gz", gzip.compress(gzip.compress(LINES)), "compressed twice", id="gzip in gzip"),
        pytest.param("a.ndjson.gz", gzip.compress(LINES) + b"\0\0x", "cut short", id="text behind NUL"),
    ],
)
def test_what_is_not_recognised_is_refused_with_its_cause(
    tmp_path: Path, name: str, content: bytes, cause: str
) -> None:
    with pytest.raises(DumpUnreadableError) as refused:
        normalize(tmp_path, {name: content})

    assert cause in str(refused.value)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"op": "c", "before": None, "after": comment(1)}, id="a change of a database"),
        pytest.param({"before": comment(1), "after": comment(1), "op": "u"}, id="with the values before it"),
        pytest.param(comment(1, commentId=None, lines=[{"sku": "a"}, {"sku": "b"}]), id="a record without its id"),
        pytest.param({"commentId": {"$oid": "5f"}, "content": {"vi": "a", "en": "b"}}, id="an id in an object"),
        pytest.param([1, "2"], id="an array of values"),
        pytest.param({"Message": json.dumps(comment(1))}, id="a message with a record as text"),
        pytest.param({"note": "[1, 2", "tags": '[{"commentId": 1}]'}, id="texts in brackets"),
    ],
)
def test_what_is_one_record_is_quarantined_alone(tmp_path: Path, record: object) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": LINES + ndjson(record) + b'12 {"a":1}\n{"a":1 {"b":2}}\n'})

    assert (outcome.dump.accepted, outcome.dump.quarantined) == (2, 3)


def test_a_line_of_many_objects_that_is_too_long_refuses_the_dump(tmp_path: Path) -> None:
    """As one quarantined record it would hide how many were lost."""
    glued = LINES + b"".join(ndjson(comment(number)).strip() for number in range(3, 30)) + b"\n"

    with pytest.raises(DumpUnreadableError, match="line 3 holds several objects"):
        normalize(tmp_path, {"a.ndjson": glued}, settings=NormalizationSettings(max_record_bytes=2_000))


def test_glued_objects_within_a_file_of_lines_are_records(tmp_path: Path) -> None:
    """A text with `}{` is no boundary."""
    first, second = (ndjson(comment(number, content="a }{ b")) for number in (2, 3))

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1)) + first.strip() + second + ndjson(comment(4))})

    assert outcome.accepted.select("comment_id", "source_position").rows() == [
        ("1", 1), ("2", 2), ("3", 2), ("4", 3),
    ]  # fmt: skip # a table


def test_a_malformed_object_among_glued_ones_is_one_record(tmp_path: Path) -> None:
    lines = [ndjson(comment(number)).strip() for number in range(4)]
    lines[2] = lines[2].replace(b'"SKU1"', b"oops")

    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(9)) + b"".join(lines) + b"\n"})

    assert outcome.accepted["comment_id"].to_list() == ["9", "0", "1", "3"]
    assert outcome.quarantined["raw"].to_list() == [lines[2]]


def test_a_finding_names_the_first_file_and_the_number_of_others(tmp_path: Path) -> None:
    dump = normalize(tmp_path, {f"{number}.json": ndjson(comment(number), comment(9)) for number in range(3)}).dump

    (sentence,) = dump.findings
    assert sentence.startswith("0.json and 2 more files: its content is lines of JSON objects")
    assert NormalizedDump.from_json(dump.to_json(), dump.directory).findings == dump.findings


def test_a_key_that_is_nearly_an_absent_optional_field_is_a_finding(tmp_path: Path) -> None:
    """`customer` is no near miss of an absent `customerEmail`, and `productSku` is not absent."""
    others = {"custom_field_texts": {"a": "x"}, "productSku2": "b", "customer": {"id": "1"}}
    records = ndjson(comment(1, timezone=7, recordStatuss="Deleted", **others))

    assert normalize(tmp_path, {"a.ndjson": records}).dump.findings == (
        "the key `timezone` looks like the field `timezoneGmt`, and is not read as it",
        "the key `recordStatuss` looks like the field `recordStatus`, and is not read as it",
        "the key `custom_field_texts` looks like custom fields, whose keys begin with `customField`",
    )


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_an_object_with_the_own_id_is_a_record_also_with_entries(tmp_path: Path, name: str) -> None:
    """Unless an entry has that id too, or `objectType` says that it is a payload."""
    record = comment(1, entries=[{"x": 1}])

    kept = normalize(tmp_path / "record", {name: ndjson(record)})
    payload = normalize(tmp_path / "payload", {name: ndjson({**record, "entries": [comment(2)]})})
    typed = normalize(tmp_path / "typed", {name: ndjson({**record, "objectType": "customer-product-comment"})})

    assert kept.accepted["extra_fields"].to_list() == ['{"entries":[{"x":1}]}']
    assert payload.accepted["comment_id"].to_list() == ["2"]
    assert typed.dump.quarantined == 1
    assert "members that do not apply to its entries: `systemName`, `commentId`" in payload.dump.findings[0]


def test_a_member_of_a_payload_that_applies_to_no_entry_is_a_finding(tmp_path: Path) -> None:
    payload = {"internalCompanyId": "ORG", "+84912345678": 1, "entries": [comment(1)]}

    dump = normalize(tmp_path, {"a.ndjson": ndjson(payload)}).dump

    assert dump.findings == (
        "a.ndjson: a payload has members that do not apply to its entries: `internalCompanyId`",
    )


@pytest.mark.parametrize(
    ("companies", "default", "findings"),
    [
        pytest.param(["a", None, None], "", 1, id="some have none"),
        pytest.param(["a", None, None], "a", 0, id="there is a default company"),
        pytest.param([None, None], "", 0, id="no record has one"),
        pytest.param(["a", "b"], "", 0, id="each has one"),
    ],
)
def test_records_without_a_company_are_a_finding_if_others_have_one(
    tmp_path: Path, companies: list[str | None], default: str, findings: int
) -> None:
    records = ndjson(*(comment(number, internalCompanyId=company) for number, company in enumerate(companies)))
    settings = NormalizationSettings(default_company=default)

    found = normalize(tmp_path, {"a.ndjson": records}, settings=settings).dump.findings

    assert len(found) == findings
    assert [sentence.startswith("2 of 3 records have no internalCompanyId") for sentence in found] == [
        True
    ] * findings
