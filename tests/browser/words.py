"""The sentences that people must see, typed from the look's own list: not read from the catalogues that they test."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language."""

    lang: str
    enter_code: str
    code: str
    go_on: str
    back: str
    change: str
    question: str
    blank: str
    not_voted: str
    voted_once: str
    review: str
    cast: str
    test: str
    in_urn: str
    save_receipt: str
    last_counts: str
    found: str
    ballot_counts: str
    not_found: str
    refused: str
    retry: str
    unknown: str
    send_again: str
    checked_itself: str
    tested: str
    after_test: str
    save_test: str
    failed: str
    problem: str
    error: str
    check: str


EN = Words(
    lang="en",
    enter_code="Enter your voting code",
    code="Voting code",
    go_on="Continue",
    back="Back",
    change="Change",
    question="Question {n} of {m}",
    blank="Blank vote: I choose none of these",
    not_voted="You have not voted yet.",
    voted_once="You have voted already.",
    review="Check your answers, then cast your vote",
    cast="Cast my vote",
    test="Test this ballot instead",
    in_urn="Your vote is in the urn",
    save_receipt="Save the receipt",
    last_counts="The last vote counts.",
    found="Found. Your ballot counts.",
    ballot_counts="This one counts",
    not_found="Not found on the board. Your receipt is evidence.",
    refused="Your vote is not in the urn. Try again.",
    retry="Back to my answers",
    unknown="We do not know yet whether your vote arrived. This page keeps looking.",
    send_again="Send the same ballot again",
    checked_itself="Your browser has checked this itself",
    tested="This ballot is open and thrown away",
    after_test="Back to my answers",
    save_test="Save the test",
    failed="The voting booth cannot work here",
    problem="There is a problem",
    error="Error: ",
    check="Check",
)
VI = Words(
    lang="vi",
    enter_code="Nhập mã bỏ phiếu",
    code="Mã bỏ phiếu",
    go_on="Tiếp tục",
    back="Quay lại",
    change="Sửa",
    question="Câu {n} trong {m}",
    blank="Phiếu trắng: tôi không chọn phương án nào",
    not_voted="Bạn chưa bỏ phiếu.",
    voted_once="Bạn đã bỏ phiếu rồi.",
    review="Xem lại câu trả lời rồi bỏ phiếu",
    cast="Bỏ phiếu",
    test="Kiểm tra thử lá phiếu này",
    in_urn="Lá phiếu của bạn đã vào hòm phiếu",
    save_receipt="Lưu biên nhận",
    last_counts="Lá phiếu sau cùng được tính.",
    found="Đã tìm thấy. Lá phiếu của bạn được tính.",
    ballot_counts="Lá phiếu này được tính",
    not_found="Không tìm thấy trên bảng công khai. Biên nhận của bạn là bằng chứng.",
    refused="Lá phiếu chưa vào hòm phiếu. Hãy thử lại.",
    retry="Quay lại câu trả lời",
    unknown="Chưa rõ lá phiếu đã đến hay chưa. Trang này đang tiếp tục kiểm tra.",
    send_again="Gửi lại đúng lá phiếu này",
    checked_itself="Trình duyệt của bạn đã tự kiểm tra",
    tested="Lá phiếu này đã mở ra và bị bỏ đi",
    after_test="Quay lại câu trả lời",
    save_test="Lưu lần kiểm tra thử",
    failed="Phòng bỏ phiếu không chạy được ở đây",
    problem="Có chỗ cần sửa",
    error="Lỗi: ",
    check="Kiểm tra",
)
