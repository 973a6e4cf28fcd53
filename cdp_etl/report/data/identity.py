"""Who turned out to be whom: persons that merged, were recognised, or split, counted and never named.

Put here the counts and how they are told. What a person is stands in the mart `customer_identity`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.report.data.query import ask
from cdp_etl.report.formatting import plural


@dataclass(frozen=True, slots=True)
class IdentityChanges:
    """What the loads of a dump date changed, in persons.

    Attributes:
        customer_ids_joined: Persons with a customer id that are now part of a person with another.
        contacts_recognised: Persons known by e-mail or phone alone that now have a customer id.
        contacts_joined: Persons known by e-mail or phone alone that are now part of another such person.
        split_off: Persons that were held to be part of another.
        gone: Persons whose best identifier is on no current record any more.
    """

    customer_ids_joined: int
    contacts_recognised: int
    contacts_joined: int
    split_off: int
    gone: int

    def sentences(self) -> Iterator[str]:
        """Tell each kind of change that there was."""
        if self.customer_ids_joined:
            ids = plural(self.customer_ids_joined, "customer id", "customer ids")
            yield f"{ids} turned out to belong to a customer with another id."
        if self.contacts_recognised:
            who = plural(self.contacts_recognised, "contact", "contacts")
            yield f"{who} known by e-mail or phone alone now {_has(self.contacts_recognised)} a customer id."
        if self.contacts_joined:
            who = plural(self.contacts_joined, "contact", "contacts")
            yield f"{who} without a customer id turned out to belong to another contact."
        if self.split_off:
            who = plural(self.split_off, "person was", "people were")
            yield f"{who} held to be part of somebody else, and no longer {_is(self.split_off)}."
        if self.gone:
            who = plural(self.gone, "person", "people")
            yield f"{who} lost the identifier they were known by: no current record has it."


def read_identity_changes(connection: duckdb.DuckDBPyConnection, dump_date: date) -> IdentityChanges:
    """Count the changes that were found with the loads of a date.

    Loads that the marts took in together appear under the newest of them (see the mart), so after a backfill all
    changes are found under its last date.
    """
    (changes,) = ask(connection, "identity", IdentityChanges, dump_date=dump_date)
    return changes


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
