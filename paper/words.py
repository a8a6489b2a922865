"""The sentences of letters and receipts, and times, in the two languages of the platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Language = Literal["en", "vi"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")


@dataclass(frozen=True)
class Both:
    """One text in both languages."""

    en: str
    vi: str

    def in_(self, language: Language) -> str:
        """The wording for readers of `language`."""
        return self.vi if language == "vi" else self.en


WORDS: Final[Mapping[str, Both]] = {
    # The letter.
    "personal": Both("To be opened by the addressee only", "Chỉ người nhận được mở thư này"),
    "rehearsal": Both(
        "Rehearsal: this vote is a trial. Nothing in it counts.",
        "Chạy thử: cuộc bỏ phiếu này chỉ để thử, không có gì được tính.",
    ),
    "replaces": Both(
        "This letter replaces an earlier one. The earlier voting code does not work any more.",
        "Thư này thay cho thư trước. Mã bỏ phiếu trước không còn dùng được.",
    ),
    "opens": Both("Voting opens", "Bắt đầu bỏ phiếu"),
    "closes": Both("Voting closes", "Kết thúc bỏ phiếu"),
    "where": Both("Where to vote", "Nơi bỏ phiếu"),
    "how": Both("How to vote", "Cách bỏ phiếu"),
    "step-code": Both(
        "Point your phone’s camera at the square below. Or open the address above, choose this vote and type the "
        "voting code; switch the Vietnamese keyboard off for that.",
        "Hướng máy ảnh điện thoại vào ô vuông bên dưới. Hoặc mở địa chỉ trên, chọn cuộc bỏ phiếu này rồi nhập mã bỏ "
        "phiếu; hãy tắt bộ gõ tiếng Việt khi nhập.",
    ),
    "mail-step-code": Both(
        "Open the address and copy the voting code into the field.",
        "Mở địa chỉ rồi chép mã bỏ phiếu vào ô.",
    ),
    "step-fingerprint": Both(
        "Compare the fingerprint on the page with the one below. If they differ, do not vote there, and tell us.",
        "So mã nhận dạng trên trang với mã bên dưới. Nếu khác nhau, đừng bỏ phiếu ở đó và hãy báo cho chúng tôi.",
    ),
    "step-cast": Both(
        "Answer, read your answers again, and cast your vote. "
        "It is cast when the page says: “Your vote is in the urn.”",
        "Trả lời, xem lại câu trả lời rồi bỏ phiếu. "
        "Bạn đã bỏ phiếu xong khi trang ghi: “Lá phiếu của bạn đã vào hòm phiếu.”",
    ),
    "step-sign-in": Both(
        "The page also asks you to sign in. Your answers are sealed before that.",
        "Trang cũng sẽ yêu cầu bạn đăng nhập. Câu trả lời của bạn được niêm phong trước khi đăng nhập.",
    ),
    "step-again": Both(
        "Keep the receipt. It does not show what you chose. You can vote again until voting closes; "
        "the last vote counts.",
        "Hãy giữ lại biên nhận. Biên nhận không cho biết bạn đã chọn gì. Bạn có thể bỏ phiếu lại cho đến khi kết thúc; "
        "lá phiếu sau cùng được tính.",
    ),
    "step-once": Both(
        "Keep the receipt. It does not show what you chose. In this vote each code casts one ballot only.",
        "Hãy giữ lại biên nhận. Biên nhận không cho biết bạn đã chọn gì. "
        "Trong cuộc bỏ phiếu này, mỗi mã chỉ bỏ được một lá phiếu.",
    ),
    "secret": Both(
        "Whoever has the voting code can vote in your place. Give it to nobody; no office will ask you for it.",
        "Ai có mã bỏ phiếu đều có thể bỏ phiếu thay bạn. Đừng đưa mã cho ai; không cơ quan nào hỏi mã này.",
    ),
    "lost": Both(
        "If this letter gets lost or somebody has seen the code, tell us: you get a new one, and this one ends.",
        "Nếu thư bị mất hoặc có người đã thấy mã, hãy báo cho chúng tôi: bạn sẽ nhận mã mới, còn mã này hết hiệu lực.",
    ),
    "not-replaceable": Both(
        "In this vote a lost code cannot be replaced.",
        "Trong cuộc bỏ phiếu này, mã bị mất không thể cấp lại.",
    ),
    "voting-code": Both("Voting code", "Mã bỏ phiếu"),
    "alphabet": Both(
        "Digits and letters without I, L, O and U. Capital or small letters, with or without hyphens.",
        "Chữ số và chữ cái, không có I, L, O, U. Chữ hoa hay chữ thường, có hay không có gạch nối đều được.",
    ),
    "voter-number": Both("Voter number", "Mã cử tri"),
    "fingerprint": Both("Fingerprint of this vote", "Mã nhận dạng cuộc bỏ phiếu"),
    "help": Both("Questions, or a lost letter", "Thắc mắc hoặc mất thư"),
    # The same by e-mail.
    "mail-subject": Both("Your voting code: {title}", "Mã bỏ phiếu của bạn: {title}"),
    "mail-help": Both("Questions, or somebody has seen this mail", "Thắc mắc, hoặc có người đã thấy thư này"),
    "mail-lost": Both(
        "If somebody else has seen the code, tell us: you get a new one, and this one ends.",
        "Nếu có người khác đã thấy mã, hãy báo cho chúng tôi: bạn sẽ nhận mã mới, còn mã này hết hiệu lực.",
    ),
    # The receipt.
    "receipt": Both("Receipt", "Biên nhận"),
    "in-the-urn": Both("Your vote is in the urn.", "Lá phiếu của bạn đã vào hòm phiếu."),
    "cast-at": Both("Cast", "Thời điểm bỏ phiếu"),
    "receipt-code": Both("Receipt code", "Mã biên nhận"),
    "place": Both("Number on the public board", "Số thứ tự trên bảng công khai"),
    "no-choice": Both(
        "Keep this receipt. It does not show what you chose.",
        "Hãy giữ lại biên nhận này. Biên nhận không cho biết bạn đã chọn gì.",
    ),
    "check": Both(
        "Check at any time that your ballot is on the public board and counts: point a camera at the square, or open "
        "the address and type the receipt code.",
        "Bạn có thể kiểm tra bất cứ lúc nào xem lá phiếu có trên bảng công khai và được tính hay không: hướng máy ảnh "
        "vào ô vuông, hoặc mở địa chỉ rồi nhập mã biên nhận.",
    ),
    "receipt-again": Both(
        "You can vote again until {time}; the last vote counts.",
        "Bạn có thể bỏ phiếu lại trước {time}; lá phiếu sau cùng được tính.",
    ),
    "ballot-number": Both(
        "This is your ballot number {n}. Of your ballots the last one counts.",
        "Đây là lá phiếu thứ {n} của bạn. Trong các lá phiếu của bạn, lá phiếu sau cùng được tính.",
    ),
    "evidence": Both(
        "If the ballot is not found there, this receipt and the file that you saved when voting are evidence. "
        "Show them to the office that holds the vote, and to anybody you trust.",
        "Nếu không tìm thấy lá phiếu ở đó, biên nhận này và tệp bạn đã lưu khi bỏ phiếu là bằng chứng. "
        "Hãy đưa cho cơ quan tổ chức và những người bạn tin tưởng xem.",
    ),
}


def other(language: Language) -> Language:
    """The second language of a letter whose first is `language`."""
    return "en" if language == "vi" else "vi"


def words(key: str, language: Language) -> str:
    """One sentence. Raises: KeyError for none of ours."""
    return WORDS[key].in_(language)


_WEEKDAYS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
}
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def full_moment(local: datetime, language: Language) -> str:
    """An aware local time as the pages write it: Sunday 29 November 2026, 20:00 (GMT+7)."""
    clock, zone = f"{local.hour}:{local.minute:02}", _zone_label(local)
    weekday = _WEEKDAYS[language][local.weekday()]
    if language == "vi":
        return f"{clock} {weekday}, {local.day:02}/{local.month:02}/{local.year} ({zone})"
    return f"{weekday} {local.day} {_MONTHS[local.month - 1]} {local.year}, {clock} ({zone})"


def _zone_label(local: datetime) -> str:
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    if minutes == 0:
        return "GMT"
    hours, rest = divmod(abs(minutes), 60)
    return f"GMT{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
