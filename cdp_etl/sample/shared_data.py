"""What all dumps of one seed have in common: its people and its products."""

from dataclasses import dataclass

from cdp_etl.sample.catalogue import Catalogue, make_catalogue
from cdp_etl.sample.people import People, make_people


@dataclass(frozen=True)
class SharedData:
    """The people and products that every dump of a seed speaks of."""

    seed: int
    people: People
    catalogue: Catalogue


def make_shared_data(seed: int) -> SharedData:
    """Make the people and the products of a seed."""
    return SharedData(seed, make_people(seed), make_catalogue(seed))
