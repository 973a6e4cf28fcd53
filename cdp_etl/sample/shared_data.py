"""Data that all dumps of one seed share: people and products."""

from dataclasses import dataclass

from cdp_etl.sample.catalogue import Catalogue, make_catalogue
from cdp_etl.sample.people import People, make_people


@dataclass(frozen=True)
class SharedData:
    """People and products that all dumps of a seed refer to."""

    seed: int
    people: People
    catalogue: Catalogue


def make_shared_data(seed: int) -> SharedData:
    """Create the people and products of a seed."""
    return SharedData(seed, make_people(seed), make_catalogue(seed))
