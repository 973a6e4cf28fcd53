"""Vietnamese text of customers and campaigns, with characters that are difficult for parsers.

Real comments contain quotes, commas, line breaks, emoji and backslashes, so every format must preserve them.
"""

from typing import Final

COMMENT_TITLES: Final = ("Tình trạng sản phẩm", "Hỏi giá", "Bảo hành", "Giao hàng", "Trả góp 0%")
COMMENTS: Final = (
    "Xin hỏi sản phẩm này còn không?",
    "Shop ơi, giá này đã gồm VAT chưa ạ?",
    "Có ship về tỉnh không, phí bao nhiêu?",
    'Màn hình có phải loại "chống lóa" không?',
    "Mua 2 cái có được giảm thêm không?\nMình ở Hà Nội.",
    "Bảo hành ở đâu; đổi trả trong mấy ngày?",
    "Cho mình xin số điện thoại tư vấn 🙏",
    "Đặt hàng hôm qua mà chưa thấy ai gọi :\\",
    "Trả góp qua thẻ tín dụng được không ạ?",
)
REPLIES: Final = (
    "Dạ sản phẩm còn hàng ạ, anh/chị đặt trên website giúp em nhé.",
    "Dạ giá đã gồm VAT ạ.",
    "Dạ bên em giao toàn quốc, phí từ 20.000đ.",
)
REVIEW_TITLES: Final = ("Rất hài lòng", "Tạm được", "Thất vọng", "Đáng tiền", "Đóng gói cẩn thận")
REVIEWS: Final = (
    "Hàng đẹp, giao nhanh, đóng gói cẩn thận. Sẽ ủng hộ tiếp!",
    "Chất lượng ổn so với giá tiền 👍",
    "Sản phẩm không giống hình, shop nên xem lại.",
    'Dùng được 1 tuần thì lỗi, nhân viên bảo "chờ kỹ thuật".',
    "Pin tốt, màn hình sáng,\nloa hơi nhỏ.",
    "Tuyệt vời ❤️ cho 5 sao",
    "Giao chậm 3 ngày nhưng hàng tốt.",
    "Mặc vừa, vải mát, màu\tđúng như hình.",
)
SEARCHES: Final = (
    "điện thoại giá rẻ",
    "tai nghe bluetooth",
    "áo dài tết",
    "nồi cơm 1.8L",
    "quà 8/3",
    "laptop sinh viên",
)
SUBJECTS: Final = (
    "Ưu đãi riêng cho bạn 🎁",
    "Đừng bỏ lỡ: giảm đến 50%",
    "Bạn quên gì trong giỏ hàng?",
    "Hàng mới về hôm nay",
)
MESSAGES: Final = (
    "Shop tang ban ma giam 50K, HSD 7 ngay. Chi tiet: https://shop.example.com/s",
    "Don hang cua ban dang cho thanh toan. Xem: https://shop.example.com/o",
    "Sale cuoi tuan giam den 50%. Tu choi: soan TC gui 0000",
)
FAILURES: Final = ("mailbox full", "unknown user", "thuê bao không liên lạc được")
STORES: Final = (
    ("ST001", "Cửa hàng Lũy Bán Bích", "HCM", "Tân Phú"),
    ("ST002", "Cửa hàng Nguyễn Trãi", "HCM", "Quận 1"),
    ("ST003", "Cửa hàng Xuân Thủy", "Hà Nội", "Cầu Giấy"),
    ("ST004", "Cửa hàng Bạch Đằng", "Đà Nẵng", "Hải Châu"),
)
