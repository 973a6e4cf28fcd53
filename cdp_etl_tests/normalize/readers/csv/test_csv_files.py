"""CSV files by RFC 4180: rows, headers, cells."""

from pathlib import Path

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl_tests.normalize.harness import NOON_MS, normalize

NAMES = (
    "commentId,content,commentedAt,customerId,customerName,customerPhone,productSku,productName,"
    "productPrice,customFieldTexts,note"
)


def row(number: int, content: str = "Hello", rest: str = ",,,") -> str:
    return f"{number},{content},{NOON_MS},KH1,An,0912345678,SKU1,Iphone{rest}"


def csv(*rows: str, names: str = NAMES, end: str = "\n") -> bytes:
    return (end.join([names, *rows]) + end).encode()


def test_each_row_is_a_record_and_the_header_is_none(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.csv": csv(row(1), "", row(2))})

    assert outcome.accepted["source_position"].to_list() == [1, 2]
    assert outcome.accepted["commented_at"].dt.epoch("ms").to_list() == [NOON_MS, NOON_MS]


@pytest.mark.parametrize("batch_bytes", [300, 1 << 16], ids=["read in blocks", "read at once"])
@pytest.mark.parametrize(
    ("cell", "content"),
    [
        pytest.param('"a, ""b"" and\nc"', 'a, "b" and\nc', id="comma, quotes and newline in quotes"),
        pytest.param('a "b" c', 'a "b" c', id="a quote within an unquoted cell"),
        pytest.param('5"', '5"', id="a quote at the end of an unquoted cell"),
        pytest.param("\u00a0  a\t", "a", id="outer white space"),
        pytest.param('"a\r\nb"', "a\r\nb", id="CRLF in quotes"),
        pytest.param("a\rb", "a\rb", id="a lone carriage return"),
    ],
)
def test_a_cell_is_read_as_rfc_4180_has_it(tmp_path: Path, cell: str, content: str, batch_bytes: int) -> None:
    outcome = normalize(tmp_path, {"a.csv": csv(row(1, cell), row(2))}, batch_bytes=batch_bytes)

    assert outcome.accepted["content"].to_list() == [content, "Hello"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(csv(row(1), end="\r\n"), id="CRLF"),
        pytest.param(csv(row(1)).rstrip(), id="no final newline"),
        pytest.param(b"\xef\xbb\xbf" + csv(row(1)), id="a byte order mark"),
        pytest.param(b"\n" + csv(row(1)), id="a blank line before the header"),
        pytest.param(
            csv(row(1), names=NAMES.replace("commentId", " COMMENT_ID ")), id="a header in another spelling"
        ),
        pytest.param(csv(row(1), names=NAMES.replace("commentId", '"commentId"')), id="a header in quotes"),
    ],
)
def test_the_layout_of_a_file_does_not_matter(tmp_path: Path, content: bytes) -> None:
    outcome = normalize(tmp_path, {"a.csv": content})

    assert outcome.accepted["comment_id"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(row(1) + ",x", "record: 12 cells, the header has 11", id="a cell too many"),
        pytest.param("1,2", "record: 2 cells, the header has 11", id="too few"),
        pytest.param(row(1, '"a" b'), "record: text after a closing quote", id="text after a closing quote"),
        pytest.param(row(1, " "), "content: required", id="a blank cell is absent"),
    ],
)
def test_a_row_that_is_no_record_is_quarantined_with_its_bytes(tmp_path: Path, bad: str, reason: str) -> None:
    outcome = normalize(tmp_path, {"a.csv": csv(row(2), bad, row(3), end="\r\n")})

    assert outcome.accepted["comment_id"].to_list() == ["2", "3"]
    assert outcome.quarantined.select("source_position", "raw").rows() == [(2, bad.encode())]
    assert outcome.reasons == [[reason]]


def test_a_row_that_is_not_utf_8_is_quarantined(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.csv": csv(row(1), row(2)).replace(b"Hello", b"caf\xe9", 1)})

    assert (outcome.dump.accepted, outcome.reasons) == (1, [["record: not UTF-8"]])


def test_custom_fields_are_parsed_from_the_text_of_a_cell(tmp_path: Path) -> None:
    cells = ['{""a"": ""x"", ""b"":1}', "no object", '{""a"":1.50}', "", '{""a"":1,""a"":2}']

    outcome = normalize(tmp_path, {"a.csv": csv(*(row(n, rest=f',,"{cell}",') for n, cell in enumerate(cells)))})

    assert outcome.accepted["custom_fields"].to_list() == [
        '{"customFieldTexts":{"a":"x","b":1}}',
        '{"customFieldTexts":"no object"}',
        '{"customFieldTexts":{"a":1.50}}',
        None,
        '{"customFieldTexts":{"a":2}}',
    ]
    assert outcome.dump.warning_counts == {"customFieldTexts: not an object": 1}


def test_columns_of_no_field_are_stored_and_counted_if_they_are_not_blank(tmp_path: Path) -> None:
    rows = (row(n, rest=f",,,{note}") for n, note in enumerate(["x", "", '"say ""y"""']))

    outcome = normalize(tmp_path, {"a.csv": csv(*rows)})

    assert outcome.accepted["extra_fields"].to_list() == ['{"note":"x"}', None, '{"note":"say \\"y\\""}']
    assert outcome.dump.unknown_keys == {"note": 2}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(csv(row(1), '2,"never'), "a quote opens here that is never closed", id="an unclosed quote"),
        pytest.param(
            csv(names=NAMES + ",COMMENT_ID"), "columns 1 and 12 name one field commentId", id="a header twice"
        ),
        pytest.param(
            csv(names=NAMES + ",Note"), "columns 11 and 12 name one field;", id="an unknown header twice"
        ),
        pytest.param(csv(row(1)).replace(b"\n", b"\r"), "a carriage return in the header", id="lines of old Macs"),
        pytest.param(csv(row(1)).decode().encode("utf-32"), "not UTF-8", id="UTF-32"),
        pytest.param(b"caf\xe9,a\n", "the header is not UTF-8", id="a header in Latin-1"),
        pytest.param(b'"a"b,c\n', "text after a closing quote in the header", id="a header that is no CSV"),
    ],
)
def test_a_file_that_cannot_be_cut_into_rows_is_fatal(tmp_path: Path, content: bytes, fault: str) -> None:
    with pytest.raises(DumpUnreadableError, match=fault):
        normalize(tmp_path, {"a.csv": content})


def test_a_row_beyond_the_limit_is_fatal_for_a_quote_is_most_likely_open(tmp_path: Path) -> None:
    content = csv(row(1), '2,"' + "x\n" * 2_000, row(3))

    with pytest.raises(
        DumpUnreadableError, match=rf"^a\.csv, offset {len(csv(row(1)))}: a row longer than the limit"
    ):
        normalize(
            tmp_path, {"a.csv": content}, settings=NormalizationSettings(max_record_bytes=1_000), batch_bytes=100
        )


@pytest.mark.parametrize("content", [b"", b"\n", csv()], ids=["no bytes", "a blank line", "a header alone"])
def test_a_file_without_rows_is_a_dump_of_nothing(tmp_path: Path, content: bytes) -> None:
    assert normalize(tmp_path, {"a.csv": content}).dump.records_read == 0


def test_of_two_columns_of_one_field_the_exact_name_has_it_even_if_its_cell_is_blank(tmp_path: Path) -> None:
    """The other column stays in `extra_fields`, with a warning."""
    outcome = normalize(
        tmp_path, {"a.csv": csv(row(1, rest=",,,x"), row(2, rest=",,,"), names=NAMES[:-4] + "product-price")}
    )

    assert outcome.accepted["product_price"].to_list() == [None, None]
    assert outcome.accepted["extra_fields"].to_list() == ['{"product-price":"x"}', None]
    assert outcome.dump.warning_counts == {"productPrice: two spellings": 1}
