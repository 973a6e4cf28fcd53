"""Product catalogue: 3,000 products in categories with prices in dong. It depends only on the seed."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from cdp_etl.sample.seeded_random import Draws, IntArray, pick, zipf_weights

PRODUCTS: Final = 3_000
SHOP: Final = "https://shop.example.com"
_FAVOURITES: Final = 4
"""Number of products that a person returns to."""


class _Category(NamedTuple):
    """A category: id, name, noun in product names, manufacturers, and price range in thousand dong."""

    id: str
    name: str
    noun: str
    makers: tuple[str, ...]
    min_price: int
    max_price: int


_CATEGORIES: Final = (
    _Category("C1020", "Điện thoại", "Điện thoại", ("Aurora", "Lotus", "Sao Mai", "Pixelo"), 1_990, 34_990),
    _Category("C1030", "Laptop", "Laptop", ("Lotus", "Nimbus", "Kestrel"), 8_990, 62_990),
    _Category("C1040", "Máy tính bảng", "Máy tính bảng", ("Aurora", "Lotus"), 2_990, 28_990),
    _Category("C1050", "Phụ kiện", "Ốp lưng", ("Vỏ Xinh", "Lá Sen"), 49, 690),
    _Category("C1060", "Âm thanh", "Tai nghe", ("Sóng", "Echoo", "Lotus"), 190, 8_990),
    _Category("C1070", "Đồng hồ thông minh", "Đồng hồ", ("Aurora", "Thời Gian"), 990, 19_990),
    _Category("C2010", "Đồ gia dụng", "Nồi cơm điện", ("Bếp Việt", "Hạt Ngọc"), 490, 4_990),
    _Category("C2020", "Máy lọc không khí", "Máy lọc không khí", ("Gió Lành", "Nimbus"), 1_990, 14_990),
    _Category("C2030", "Quạt", "Quạt đứng", ("Gió Lành", "Bốn Mùa"), 290, 2_990),
    _Category("C3010", "Thời trang nữ", "Áo dài", ("Lụa Hội An", "Mây"), 390, 5_990),
    _Category("C3020", "Thời trang nam", "Áo sơ mi", ("Mây", "Phố Cổ"), 190, 1_490),
    _Category("C3030", "Giày dép", "Giày thể thao", ("Bước Chân", "Kestrel"), 290, 3_990),
    _Category("C4010", "Sức khỏe & Làm đẹp", "Kem chống nắng", ("Lá Sen", "Dưỡng"), 89, 1_290),
    _Category("C5010", "Nhà sách", "Sách", ("Tuổi Trẻ", "Trí Việt"), 29, 490),
    _Category("C6010", "Mẹ & Bé", "Sữa bột", ("Bé Yêu", "Hạt Ngọc"), 190, 1_290),
    _Category("C7010", "Thực phẩm", "Cà phê", ("Buôn Mê", "Phố Cổ"), 39, 690),
)
_CATEGORY_WEIGHTS: Final = (14, 6, 4, 16, 9, 5, 6, 2, 4, 6, 6, 6, 7, 5, 3, 4)
_VARIANTS: Final = (
    "bản tiêu chuẩn",
    "màu đen",
    "màu trắng",
    'cỡ 6.1"',
    "(2 món)",
    "Pro",
    "Mini",
    "loại A, đặc biệt",
)


@dataclass(frozen=True)
class Catalogue:
    """The products.

    Attributes:
        seed: Seed of the random favourites.
        table: One row per product: productSku, productId, productName, productCategory, productCategoryId,
            productImageLink and productLink as text, and price as integer dong.
    """

    seed: int
    table: pl.DataFrame

    def draw(self, draws: Draws, person: IntArray) -> IntArray:
        """Draw a product's row number for each person: a favourite with probability 0.5, else by popularity."""
        favourite = Draws(self.seed, "favourite", person, draws.below("favourite", _FAVOURITES))
        weights = zipf_weights(PRODUCTS, 10)
        returns = draws.chance("returns", 0.5)
        return np.where(returns, favourite.weighted("product", weights), draws.weighted("product", weights))

    def columns(self, product: IntArray, names: tuple[str, ...]) -> dict[str, pl.Series]:
        """Return columns of the table, with one row for each product number."""
        return {name: self.table.get_column(name).gather(product) for name in names}


def make_catalogue(seed: int) -> Catalogue:
    """Create the products of a seed. The row number is the rank in popularity."""
    number = np.arange(PRODUCTS, dtype=np.int64)
    draws = Draws(seed, "product", number)
    category = draws.weighted("category", _CATEGORY_WEIGHTS)
    makers = [(at, maker) for at, entry in enumerate(_CATEGORIES) for maker in entry.makers]
    first_maker = np.cumsum([0, *(len(entry.makers) for entry in _CATEGORIES)])[:-1][category]
    maker = first_maker + draws.below("maker", np.array([len(entry.makers) for entry in _CATEGORIES])[category])
    letter = pick(tuple("ABEGKMPSTX"), draws.below("letter", 10))
    sku = "SKU" + pl.Series(3_263_000_000 + number * 97).cast(pl.String)
    table = pl.DataFrame(
        {
            "productSku": sku,
            "productId": "PID" + pl.Series(32_632_000_000 + number * 31).cast(pl.String),
            "productName": pick([entry.noun for entry in _CATEGORIES], category)
            + " "
            + pick([name for _, name in makers], maker)
            + " "
            + letter
            + pl.Series(draws.below("model", 90) + 10).cast(pl.String)
            + " "
            + pick(_VARIANTS, draws.below("variant", len(_VARIANTS))),
            "productCategory": pick([entry.name for entry in _CATEGORIES], category),
            "productCategoryId": pick([entry.id for entry in _CATEGORIES], category),
            "productImageLink": f"{SHOP}/images/" + sku + ".jpg",
            "productLink": f"{SHOP}/products/" + sku + ".html",
            "price": _prices(draws, category),
        }
    )
    return Catalogue(seed, table)


def _prices(draws: Draws, category: IntArray) -> IntArray:
    """Draw a price in dong for each product. Low prices of a category are more frequent."""
    min_price = np.array([entry.min_price for entry in _CATEGORIES], dtype=np.int64)[category]
    max_price = np.array([entry.max_price for entry in _CATEGORIES], dtype=np.int64)[category]
    share = draws.below("price", 1_000) * draws.below("dearness", 1_000)
    thousands = min_price + (max_price - min_price) * share // 1_000_000
    price: IntArray = thousands * 1_000
    return price
