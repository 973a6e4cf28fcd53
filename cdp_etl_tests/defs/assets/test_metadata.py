"""Metadata of a dump: names and counts, and no key that may be a value."""

from cdp_etl.defs.assets.metadata import markdown_list, markdown_table
from cdp_etl.pipeline.layers import Layer
from cdp_etl_tests.defs.pipeline import FIRST, Pipeline, sms


def test_keys_that_may_be_values_are_only_counted(pipeline: Pipeline) -> None:
    fields = {"storeCode": 1, "Nguyen Van A": 1, "0986127543": 1, "customField a@b.vn": 1, "customFieldNote": 1}
    pipeline.deliver(FIRST, [sms("1", FIRST, **fields)])
    pipeline.load(FIRST)

    shown = pipeline.metadata(Layer.NORMALIZED, FIRST)

    unknown, warnings = shown["unknown_keys"].value, shown["warnings"].value
    assert unknown.splitlines()[2:] == ["| (keys that do not read as a name) | 2 |", "| storeCode | 1 |"]
    assert warnings.splitlines()[2:] == [
        "| (keys that do not read as a name): not an object | 1 |",
        "| customFieldNote: not an object | 1 |",
    ]


def test_delivered_names_are_shown_literally_in_tables_and_lists() -> None:
    name = "[x](javascript:1)|<img src=x>\n# \u202ea.csv"
    shown = r"\[x\](javascript:1)\|\<img src=x\>\\u000a# \\u202ea.csv"

    table, sentences = markdown_table(("file",), [(name,)]), markdown_list([name])

    assert (table.value or "").splitlines()[2:] == [f"| {shown} |"]
    assert sentences.value == f"- {shown}"
