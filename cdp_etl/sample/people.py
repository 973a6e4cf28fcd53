"""Population of customers. It depends only on the seed, so the same customers recur on all days in all entities.

Addresses use example domains (RFC 2606). Names and numbers are invented.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.sample.seeded_random import Draws, IntArray, null_unless, pick, zipf_weights

POPULATION: Final = 40_000
COMPANIES: Final = ("ORG1029130112", "ORG2040506070")
PROTECTED_EMAIL: Final = "[email protected]"
"""Placeholder that some web pages show instead of an address. The contract's own sample contains it."""

_FAMILY: Final = (
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô",
    "Dương", "Lý", "Đoàn", "Trịnh", "Mai", "Tạ",
)  # fmt: skip # words, many a line
_FAMILY_WEIGHTS: Final = (38, 11, 10, 7, 5, 5, 5, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1)
_MIDDLE: Final = (
    "Văn", "Thị", "Minh", "Ngọc", "Thanh", "Quốc", "Hữu", "Đức", "Thu", "Bảo", "Gia", "Kim", "Hoài", "Xuân",
    "Hồng", "Anh",
)  # fmt: skip # words, many a line
_GIVEN: Final = (
    "An", "Anh", "Bình", "Châu", "Chi", "Cường", "Dũng", "Duyên", "Đạt", "Giang", "Hà", "Hạnh", "Hiếu",
    "Hoa", "Hùng", "Hương", "Khánh", "Khoa", "Lan", "Linh", "Long", "Mai", "Mỹ", "Nam", "Nga", "Nhung",
    "Phong", "Phúc", "Phương", "Quân", "Quỳnh", "Sơn", "Tâm", "Thảo", "Thắng", "Thủy", "Trang", "Trí",
    "Trung", "Tuấn", "Tú", "Uyên", "Vân", "Việt", "Vy", "Yến",
)  # fmt: skip # words, many a line
_MOBILE_PREFIXES: Final = (
    "032", "033", "034", "035", "036", "037", "038", "039", "070", "076", "077", "078", "079", "081", "082",
    "083", "084", "085", "086", "088", "090", "091", "093", "094", "096", "097", "098",
)  # fmt: skip # words, many a line
_DOMAINS: Final = ("example.com", "example.net", "example.org", "mail.example.com")
_PLACES: Final = (
    ("HCM", "Tân Phú"), ("HCM", "Quận 1"), ("HCM", "Gò Vấp"), ("HCM", "Thủ Đức"), ("Hà Nội", "Cầu Giấy"),
    ("Hà Nội", "Hoàn Kiếm"), ("Hà Nội", "Đống Đa"), ("Đà Nẵng", "Hải Châu"), ("Cần Thơ", "Ninh Kiều"),
    ("Hải Phòng", "Lê Chân"), ("Huế", "Phú Nhuận"), ("Nha Trang", "Vĩnh Hải"),
)  # fmt: skip # a pair each, many a line
_STREETS: Final = ("Lê Lợi", "Nguyễn Huệ", "Trần Hưng Đạo", "Hai Bà Trưng", "Điện Biên Phủ", "Lý Thường Kiệt")

_FORMATTED_PHONES: Final = (70, 12, 8, 10)
"""Weights of the phone formats: 0986851234, +84986851234, 84986851234, 0986 851 234."""


@dataclass(frozen=True)
class People:
    """The population.

    Attributes:
        table: One row per person: customerId, customerName, customerPhone, customerEmail, internalCompanyId,
            customerCountry, customerCity, customerDistrict, customerAddress and ipAddress, all text.
        with_email: Row numbers of persons with an e-mail address.
        with_phone: Row numbers of persons with a phone.
    """

    table: pl.DataFrame
    with_email: IntArray
    with_phone: IntArray

    def draw(self, draws: Draws, among: IntArray | None = None) -> IntArray:
        """Draw a person's row number for each subject. Persons have very different frequencies."""
        rank = draws.weighted("person", zipf_weights(POPULATION if among is None else len(among), 20))
        return rank if among is None else among[rank]

    def columns(self, person: IntArray, names: tuple[str, ...]) -> dict[str, pl.Series]:
        """Return columns of the table, with one row for each person number."""
        return {name: self.table.get_column(name).gather(person) for name in names}


def make_people(seed: int) -> People:
    """Create the population of a seed."""
    number = np.arange(POPULATION, dtype=np.int64)
    draws = Draws(seed, "person", number)
    family = draws.weighted("family name", _FAMILY_WEIGHTS)
    given = draws.below("given name", len(_GIVEN))
    place = draws.weighted("place", zipf_weights(len(_PLACES), 3))
    reach = draws.weighted("reach", (65, 20, 15))
    street = pick(_STREETS, draws.below("street", len(_STREETS)))
    house = pl.Series(draws.below("house", 400) + 1).cast(pl.String)
    table = pl.DataFrame(
        {
            "customerId": "KH" + pl.Series(10**13 + number * 7_919).cast(pl.String),
            "customerName": pick(_FAMILY, family)
            + " "
            + pick(_MIDDLE, draws.below("middle name", len(_MIDDLE)))
            + " "
            + pick(_GIVEN, given),
            "customerPhone": null_unless(_phones(draws), reach != 2),  # noqa: PLR2004 - the third weight: by e-mail alone
            "customerEmail": null_unless(_emails(draws, family, given, number), reach != 1),
            "internalCompanyId": pick(COMPANIES, draws.weighted("company", (85, 15))),
            "customerCountry": pick(("Việt Nam",), np.zeros(POPULATION, dtype=np.int64)),
            "customerCity": pick([city for city, _ in _PLACES], place),
            "customerDistrict": pick([district for _, district in _PLACES], place),
            "customerAddress": house + " " + street,
            "ipAddress": _addresses(draws),
        }
    )
    return People(
        table=table,
        with_email=np.flatnonzero(table["customerEmail"].is_not_null().to_numpy()).astype(np.int64),
        with_phone=np.flatnonzero(table["customerPhone"].is_not_null().to_numpy()).astype(np.int64),
    )


def _phones(draws: Draws) -> pl.Series:
    """Return a phone number for each person: 5% are masked, 2% equal the previous person's (one household)."""
    local = pick(_MOBILE_PREFIXES, draws.below("phone prefix", len(_MOBILE_PREFIXES))) + (
        pl.Series(draws.below("phone digits", 10**7)).cast(pl.String).str.zfill(7)
    )
    shares = draws.chance("shared phone", 0.02)
    shares[0] = False
    number = np.arange(POPULATION, dtype=np.int64)
    local = local.gather(np.where(shares, number - 1, number))
    national = local.str.slice(1)
    spaced = local.str.slice(0, 4) + " " + local.str.slice(4, 3) + " " + local.str.slice(7)
    ways = pl.DataFrame({"0": local, "1": "+84" + national, "2": "84" + national, "3": spaced})
    way = pl.Series(draws.weighted("phone way", _FORMATTED_PHONES))
    masked = pl.Series(draws.chance("masked phone", 0.05))
    return ways.select(
        pl.when(masked).then(pl.col("0").str.slice(0, 6) + "xxxx")
        .when(way == 1).then(pl.col("1"))
        .when(way == 2).then(pl.col("2"))  # noqa: PLR2004 - index of the weight
        .when(way == 3).then(pl.col("3"))  # noqa: PLR2004 - the same
        .otherwise(pl.col("0"))
    ).to_series()  # fmt: skip # one case a line


def _emails(draws: Draws, family: IntArray, given: IntArray, number: IntArray) -> pl.Series:
    """Return an address for each person: 3% in capitals, 1% replaced by the placeholder."""
    address = (
        pick([_ascii(word) for word in _GIVEN], given)
        + "."
        + pick([_ascii(word) for word in _FAMILY], family)
        + pl.Series(number).cast(pl.String)
        + "@"
        + pick(_DOMAINS, draws.below("domain", len(_DOMAINS)))
    )
    capitals = pl.Series(draws.chance("capitals", 0.03))
    protected = pl.Series(draws.chance("protected", 0.01))
    return pl.select(
        pl.when(protected).then(pl.lit(PROTECTED_EMAIL))
        .when(capitals).then(address.str.to_uppercase())
        .otherwise(address)
    ).to_series()  # fmt: skip # one case a line


def _addresses(draws: Draws) -> pl.Series:
    """Return an IP address for each person, from the blocks reserved for documentation (RFC 5737)."""
    block = pick(("192.0.2.", "198.51.100.", "203.0.113."), draws.below("ip block", 3))
    return block + pl.Series(draws.below("ip host", 254) + 1).cast(pl.String)


def _ascii(word: str) -> str:
    bare = unicodedata.normalize("NFD", word.lower().replace("đ", "d"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))
