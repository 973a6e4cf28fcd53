"""Rule on the values of one row of a mart, and the forms that several marts declare."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A fact that is true of each row by itself.

    Rules that follow from the name or type of a column need no declaration (`cdp_etl.marts.checks.value_rules`).

    Attributes:
        name: Name of the rule: the fact.
        description: The fact in a sentence.
        predicate: SQL over the stored columns. A row for which it is null satisfies the rule.
    """

    name: str
    description: str
    predicate: str


def adds_up(total: str, parts: Iterable[str]) -> ValueRule:
    """Return the rule that a count is the sum of other counts."""
    names = tuple(parts)
    # HUGEINT: a corrupt count must be found, not overflow.
    return ValueRule(
        f"{total}_is_the_sum_of_its_parts",
        f"`{total}` is the sum of {', '.join(f'`{name}`' for name in names)}.",
        f"{total} = {' + '.join(f'{name}::HUGEINT' for name in names)}",
    )


def map_adds_up(total: str, counts: str) -> ValueRule:
    """Return the rule that a count is the sum of the counts in a map."""
    return ValueRule(
        f"{total}_is_the_sum_of_{counts}",
        f"`{total}` is the sum of the counts in `{counts}`, which are positive.",
        f"{total} = list_sum(map_values({counts})) AND list_min(map_values({counts})) > 0",
    )


SALES_ARE_ACTIVITIES = ValueRule(
    "sales_are_activities",
    "Purchases and refunds are activities, and those without an amount are some of them.",
    "purchase_count::HUGEINT + refund_count BETWEEN sale_without_amount_count AND activity_count",
)


def at_most(part: str, whole: str) -> ValueRule:
    """Return the rule that a count is not greater than the count that it is a part of."""
    return ValueRule(f"{part}_is_at_most_{whole}", f"`{part}` is at most `{whole}`.", f"{part} <= {whole}")
