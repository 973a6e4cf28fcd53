"""Path templates: where a dump lies, and which templates are none."""

import pytest

from cdp_etl.landing import ZoneConfigError
from cdp_etl.landing.zones.path_template import DumpPlace, parse_template
from cdp_etl_tests.landing.partners import DAY, ENTITY


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("{entity}/{date}/", DumpPlace(f"{ENTITY}/2026-03-01")),
        ("{entity}/{date}", DumpPlace(f"{ENTITY}/2026-03-01")),
        ("{entity}/dt={date}/", DumpPlace(f"{ENTITY}/dt=2026-03-01")),
        ("{date:%Y/%m/%d}/{entity}", DumpPlace(f"2026/03/01/{ENTITY}")),
        ("{entity}_{date:%Y%m%d}*", DumpPlace("", f"{ENTITY}_20260301")),
        ("in/{date:%Y}/{entity}-{date:%j}*", DumpPlace("in/2026", f"{ENTITY}-060")),
    ],
)
def test_a_template_is_filled_in(template: str, place: DumpPlace) -> None:
    assert parse_template(template).place(ENTITY, DAY) == place


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{date}", "expected {entity} and {date}, and no other field"),
        ("{entity}/latest", "expected {entity} and {date}, and no other field"),
        ("{entity}/{date}/{company}", "expected {entity} and {date}, and no other field"),
        ("{entity:>10}/{date}", "{entity} takes no format"),
        ("{entity}/{date:%Q}", "{date:%Q} is no date format"),
        ("{entity}/*/{date}", "`*` may stand at the very end only"),
        ("{entity}/{date}/*", "`*` may stand at the very end only"),
        ("{entity}/{date}/{", "`*` may stand at the very end only"),
        ("/{entity}/{date}", "expected a path inside the zone"),
        ("../{entity}/{date}", "expected a path inside the zone"),
        ("{entity}//{date}", "expected a path inside the zone"),
    ],
)
def test_a_template_that_is_none_says_what_is_expected(template: str, said: str) -> None:
    with pytest.raises(ZoneConfigError) as error:
        parse_template(template)

    assert said in str(error.value)
    assert repr(template) in str(error.value)
