"""Path templates: locations of dumps, and invalid templates."""

import pytest

from cdp_etl.landing import ZoneConfigError
from cdp_etl.landing.zones.path_template import DumpLocation, parse_template
from cdp_etl_tests.landing.partners import DAY, ENTITY


@pytest.mark.parametrize(
    ("template", "location"),
    [
        ("{entity}/{date}/", DumpLocation(f"{ENTITY}/2026-03-01")),
        ("{entity}/{date}", DumpLocation(f"{ENTITY}/2026-03-01")),
        ("{entity}/dt={date}/", DumpLocation(f"{ENTITY}/dt=2026-03-01")),
        ("{date:%Y/%m/%d}/{entity}", DumpLocation(f"2026/03/01/{ENTITY}")),
        ("{entity}_{date:%Y%m%d}*", DumpLocation("", f"{ENTITY}_20260301")),
        ("in/{date:%Y}/{entity}-{date:%j}*", DumpLocation("in/2026", f"{ENTITY}-060")),
    ],
)
def test_a_template_locates_a_dump(template: str, location: DumpLocation) -> None:
    assert parse_template(template).locate(ENTITY, DAY) == location


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{date}", "expected {entity} and {date}, and no other field"),
        ("{entity}/latest", "expected {entity} and {date}, and no other field"),
        ("{entity}/{date}/{company}", "expected {entity} and {date}, and no other field"),
        ("{entity:>10}/{date}", "{entity} cannot have a format"),
        ("{entity}/{date:%Q}", "{date:%Q} is not a date format"),
        ("{entity}/*/{date}", "`*` is allowed only at the end"),
        ("{entity}/{date}/*", "`*` is allowed only at the end"),
        ("{entity}/{date}/{", "`*` is allowed only at the end"),
        ("/{entity}/{date}", "expected a path inside the zone"),
        ("../{entity}/{date}", "expected a path inside the zone"),
        ("{entity}//{date}", "expected a path inside the zone"),
    ],
)
def test_an_invalid_template_is_an_error_with_the_expectation(template: str, message: str) -> None:
    with pytest.raises(ZoneConfigError) as error:
        parse_template(template)

    assert message in str(error.value)
    assert repr(template) in str(error.value)
