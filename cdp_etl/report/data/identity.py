"""Identity changes: persons that were merged, identified or split. They are counted, never named."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.report.data.query import run_query
from cdp_etl.report.formatting import plural


@dataclass(frozen=True, slots=True)
class IdentityChanges:
    """Changes by the loads of a dump date, counted in persons (mart `customer_identity`).

    Attributes:
        customer_ids_merged: Persons with a customer id, merged into a person with another customer id.
        contacts_identified: Persons known by e-mail or phone alone that now have a customer id.
        contacts_merged: Persons known by e-mail or phone alone, merged into another such person.
        split_off: Persons that were part of another person before.
        lost: Persons whose best identifier is on no current record.
    """

    customer_ids_merged: int
    contacts_identified: int
    contacts_merged: int
    split_off: int
    lost: int

    def sentences(self) -> Iterator[str]:
        """Yield one sentence for each kind of change that occurred."""
        if self.customer_ids_merged:
            ids = plural(self.customer_ids_merged, "customer id was", "customer ids were")
            yield f"{ids} merged into a customer with another id."
        if self.contacts_identified:
            contacts = plural(self.contacts_identified, "contact", "contacts")
            has = "has" if self.contacts_identified == 1 else "have"
            yield f"{contacts} known by e-mail or phone alone now {has} a customer id."
        if self.contacts_merged:
            contacts = plural(self.contacts_merged, "contact", "contacts")
            was = "was" if self.contacts_merged == 1 else "were"
            yield f"{contacts} without a customer id {was} merged into another contact."
        if self.split_off:
            people = plural(self.split_off, "person was", "people were")
            yield f"{people} split off from another person."
        if self.lost:
            people = plural(self.lost, "person", "people")
            yield f"{people} lost the identifier they were known by: no current record has it."


def read_identity_changes(connection: duckdb.DuckDBPyConnection, dump_date: date) -> IdentityChanges:
    """Count the identity changes by the loads of a dump date.

    The mart records the changes of loads applied together under the newest of them, so a backfill's changes all
    appear under its last dump date.
    """
    (changes,) = run_query(connection, "identity", IdentityChanges, dump_date=dump_date)
    return changes
