"""Vietnamese mails: subject and text by name."""

from collections.abc import Mapping
from typing import Final

VIETNAMESE: Final[Mapping[str, tuple[str, str]]] = {
    "signature": (
        "",
        """
  {authority}
  Hỏi đáp: {help_line}
""",
    ),
    "to-signers": (
        "",
        """
Bạn nhận thư này vì bạn đã yêu cầu khi ký.
Bạn không muốn nhận nữa? Trang này ngừng gửi các thư đó, không cần đăng nhập:

  {stop_link}
""",
    ),
    "sign-in-link": (
        "Đăng nhập vào {authority}",
        """
Có người, rất có thể là bạn, muốn đăng nhập bằng địa chỉ thư điện tử này.
Hãy mở trang sau và bấm nút trên trang:

  {link}

Liên kết dùng được một lần, trong vòng {minutes} phút. Hãy mở trên chính thiết bị mà bạn đã dùng để yêu cầu.

Không phải bạn yêu cầu? Bạn không cần làm gì. Thư này không tự đăng nhập cho ai cả.
""",
    ),
    "invitation": (
        "{inviter} mời bạn tham gia tổ chức bỏ phiếu tại {authority}",
        """
{inviter} mời bạn tham gia {authority} với vai trò: {role}.

Để nhận lời, hãy mở trang sau. Trang sẽ hướng dẫn bạn thiết lập bước xác thực thứ hai, ví dụ vân tay trên thiết bị:

  {link}

Liên kết dùng được một lần, trong {days} ngày. Bạn không quen {inviter}? Hãy hỏi theo số dưới đây trước khi mở.
""",
    ),
    "cast-notice": (
        "Lá phiếu của bạn đã vào hòm phiếu: {title}",
        """
Có một lá phiếu vừa được bỏ bằng mã bỏ phiếu của bạn trong cuộc bỏ phiếu “{title}”, lúc {moment}.

Đó là bạn? Vậy bạn không cần làm gì thêm. Với biên nhận, bạn có thể kiểm tra lá phiếu có được tính không:

  {check_link}

Không phải bạn? Hãy tự bỏ phiếu bằng mã của mình trước {closes}: lá phiếu sau cùng được tính. Và hãy báo cho chúng
tôi.

Thư này không cho ai biết bạn đã chọn gì; chúng tôi cũng không biết.
""",
    ),
    "cast-notice-again": (
        "Lá phiếu thứ {number} bằng mã bỏ phiếu của bạn: {title}",
        """
Lại có một lá phiếu được bỏ bằng mã bỏ phiếu của bạn trong cuộc bỏ phiếu “{title}”, lúc {moment}. Đây là lá thứ
{number}. Lá phiếu sau cùng được tính, các lá trước không được tính.

Đó là bạn? Vậy bạn không cần làm gì thêm. Với biên nhận, bạn có thể kiểm tra lá phiếu nào được tính:

  {check_link}

Không phải bạn? Hãy tự bỏ phiếu lại trước {closes}: lá phiếu mới thay cho lá này. Và hãy báo cho chúng tôi.

Thư này không cho ai biết bạn đã chọn gì; chúng tôi cũng không biết.
""",
    ),
    "cast-notice-final": (
        "Lá phiếu của bạn đã vào hòm phiếu: {title}",
        """
Có một lá phiếu vừa được bỏ bằng mã bỏ phiếu của bạn trong cuộc bỏ phiếu “{title}”, lúc {moment}. Trong cuộc bỏ phiếu
này, mỗi mã chỉ bỏ phiếu một lần.

Đó là bạn? Vậy bạn không cần làm gì thêm. Với biên nhận, bạn có thể kiểm tra lá phiếu có được tính không:

  {check_link}

Không phải bạn? Hãy báo cho chúng tôi trước {closes} theo số dưới đây.

Thư này không cho ai biết bạn đã chọn gì; chúng tôi cũng không biết.
""",
    ),
    "receipt": (
        "Biên nhận của bạn: {title}",
        """
Đây là biên nhận mà bạn yêu cầu cho lá phiếu của bạn trong cuộc bỏ phiếu “{title}”, bỏ lúc {moment}.

  Mã biên nhận: {receipt_code}
  Mã cử tri: {voter_number}

Biên nhận không cho biết bạn đã chọn gì. Với biên nhận, bất cứ lúc nào bạn cũng có thể kiểm tra lá phiếu có trên
bảng công khai không, và sau khi kiểm phiếu thì có được tính không:

  {check_link}
""",
    ),
    "opens-soon": (
        "Sắp bắt đầu bỏ phiếu: {title}",
        """
Cuộc bỏ phiếu “{title}” bắt đầu lúc {opens}. Bạn có thể bỏ phiếu đến {closes}.

  {link}

Hãy chuẩn bị sẵn lá thư có mã bỏ phiếu. Bạn chưa nhận được thư? Hãy hỏi theo số dưới đây: bạn sẽ được cấp mã mới, mã
cũ hết hiệu lực.

Chúng tôi không bao giờ hỏi mã bỏ phiếu qua thư điện tử hay điện thoại.
""",
    ),
    "closes-soon": (
        "Sắp hết giờ bỏ phiếu: {title}",
        """
Bạn có thể bỏ phiếu trong cuộc bỏ phiếu “{title}” đến {closes}.

  {link}

Bạn đã bỏ phiếu rồi? Vậy bạn không cần làm gì thêm. Chúng tôi viết cho mọi người trong danh sách, vì chúng tôi không
tra xem ai đã bỏ phiếu.

Chúng tôi không bao giờ hỏi mã bỏ phiếu qua thư điện tử hay điện thoại.
""",
    ),
    "dispute-answered": (
        "Khiếu nại số {number} của bạn đã có trả lời: {title}",
        """
Văn phòng bầu cử đã trả lời khiếu nại số {number} của bạn về cuộc bỏ phiếu “{title}”. Khiếu nại và trả lời đều được công
khai:

  {link}

Nếu câu trả lời chưa thuyết phục, trang này cho biết bạn có thể làm gì tiếp theo và đến khi nào.
""",
    ),
    "conflict": (
        "Một lá phiếu không được đưa vào hòm phiếu: {title}",
        """
Lúc {moment}, có người thử bỏ phiếu trong cuộc bỏ phiếu “{title}” bằng một lần đăng nhập và một mã bỏ phiếu, trong
đó một thứ là của bạn, còn thứ kia đã được dùng cùng người khác. Lá phiếu đó không được đưa vào hòm phiếu. Những lá
phiếu đã có trong hòm vẫn giữ nguyên.

Điều này xảy ra khi hai lá thư bị nhầm lẫn, ví dụ trong cùng một gia đình. Hoặc có người khác đang giữ mã bỏ phiếu
của bạn.

Hãy hỏi theo số dưới đây: bạn sẽ được cấp mã mới, mã cũ hết hiệu lực. Bảng công khai ghi lại lần thử này mà không
nêu tên bạn:

  {link}
""",
    ),
    "code-replaced": (
        "Mã bỏ phiếu của bạn đã được thay: {title}",
        """
Lúc {moment}, cán bộ cấp mã đã hủy mã bỏ phiếu của bạn trong cuộc bỏ phiếu “{title}” và tạo mã mới; bạn sẽ nhận mã mới
qua thư. Những lá phiếu đã bỏ bằng mã cũ không còn được tính. Hãy bỏ phiếu bằng mã mới.

  {link}

Bạn không yêu cầu mã mới? Hãy báo cho chúng tôi theo số dưới đây: có thể ai đó đã yêu cầu thay bạn.
""",
    ),
    "confirm-address": (
        "Bạn có muốn nhận tin từ {authority} ở địa chỉ này không?",
        """
Có người, rất có thể là bạn, muốn nhận tin về kiến nghị và thảo luận ở địa chỉ này.
Hãy mở trang sau và bấm nút trên trang:

  {link}

Liên kết dùng được trong vòng {hours} giờ.

Không phải bạn yêu cầu? Bạn không cần làm gì. Nếu không bấm nút thì không có thư nào được gửi.
""",
    ),
    "sign-petition": (
        "Ký kiến nghị: “{petition}”",
        """
Có người, rất có thể là bạn, muốn ký kiến nghị “{petition}” bằng địa chỉ thư này.
Hãy mở trang sau và bấm nút trên trang:

  {link}

Liên kết dùng được trong vòng {hours} giờ. Tên và địa chỉ của bạn không bao giờ bị công bố.

Không phải bạn yêu cầu? Bạn không cần làm gì. Nếu không bấm nút thì không có chữ ký nào.
""",
    ),
    "sign-unread-petition": (
        "Ủng hộ một kiến nghị",
        """
Có người, rất có thể là bạn, muốn ủng hộ một kiến nghị bằng địa chỉ thư này. Kiến nghị đang tìm những người ủng hộ
đầu tiên và chưa được ai kiểm tra. Số của kiến nghị:

  {number}

Hãy mở trang sau, đọc kiến nghị và bấm nút trên trang:

  {link}

Liên kết dùng được trong vòng {hours} giờ. Tên và địa chỉ của bạn không bao giờ bị công bố.

Không phải bạn yêu cầu? Bạn không cần làm gì. Nếu không bấm nút thì không có chữ ký nào.
""",
    ),
    "digest": (
        "Tin mới về {count} mục bạn theo dõi",
        """
Những mục bạn theo dõi có tin mới:

  \x00

Tất cả tin và những mục bạn theo dõi:

  {my_link}

Bạn không muốn nhận những thư này nữa? Trang sau ngừng gửi thư, không cần đăng nhập:

  {stop_link}
""",
    ),
    "digest-one": (
        "Tin mới: “{petition}”",
        """
Mục bạn theo dõi có tin mới:

  \x00

Tất cả tin và những mục bạn theo dõi:

  {my_link}

Bạn không muốn nhận những thư này nữa? Trang sau ngừng gửi thư, không cần đăng nhập:

  {stop_link}
""",
    ),
    "petition-answered": (
        "Đã trả lời: “{petition}”",
        """
Kiến nghị mà bạn đã ký đã được trả lời:

  “{petition}”

Đọc câu trả lời tại đây:

  {link}
""",
    ),
    "petition-debate": (
        "Thảo luận: “{petition}”",
        """
Sẽ có buổi thảo luận về kiến nghị mà bạn đã ký:

  “{petition}”
  {day}

Địa điểm và ai có thể đến dự:

  {link}
""",
    ),
    "petition-no-debate": (
        "Không thảo luận: “{petition}”",
        """
Sẽ không có buổi thảo luận về kiến nghị mà bạn đã ký:

  “{petition}”

Lý do được nêu tại đây:

  {link}
""",
    ),
    "petition-closed": (
        "Đã kết thúc: “{petition}”",
        """
Kiến nghị mà bạn đã ký không nhận thêm chữ ký:

  “{petition}”

Số người đã ký và những việc đang đến hạn:

  {link}
""",
    ),
    "petition-published": (
        "Đang lấy chữ ký: “{petition}”",
        """
Người kiểm duyệt đã đăng kiến nghị mà bạn đã ủng hộ:

  “{petition}”

Bây giờ mọi người có thể ký:

  {link}
""",
    ),
    "petition-rejected": (
        "Không được chấp nhận: “{petition}”",
        """
Người kiểm duyệt không chấp nhận kiến nghị mà bạn đã ủng hộ:

  “{petition}”

Lý do được nêu tại đây:

  {link}
""",
    ),
    "petition-edited": (
        "Lời văn mới: “{petition}”",
        """
Lời văn của một kiến nghị mà bạn đã ký đã được sửa. Bây giờ kiến nghị yêu cầu:

  “{petition}”

Xem những chỗ khác nhau:

  {link}

Chữ ký của bạn vẫn đứng dưới lời văn cũ. Bạn đồng ý với lời văn mới? Hãy ký lại:
bạn vẫn chỉ được tính một lần. Nếu không đồng ý, bạn có thể rút chữ ký trên trang biên nhận của mình.
""",
    ),
    "petition-outcome": (
        "Kết quả: “{petition}”",
        """
Đã có thông báo về kết quả của kiến nghị mà bạn đã ký:

  “{petition}”

Đọc tại đây:

  {link}
""",
    ),
    "petition-removed": (
        "Chữ ký của bạn đã bị loại: “{petition}”",
        """
Chữ ký của bạn không còn được tính. Nó đã bị loại khỏi kiến nghị này cùng với các chữ ký khác:

  “{petition}”

Lý do được nêu trong sổ công khai, đợt {batch}:

  {link}

Bạn đã tự mình ký bằng địa chỉ của chính bạn? Hãy viết hoặc gọi cho chúng tôi: {help_line}.
""",
    ),
    "petition-answer-due": (
        "Đến hạn trả lời: “{petition}”",
        """
{count} người đã ký kiến nghị này:

  “{petition}”

Cơ quan phải trả lời bằng văn bản:

  {body}
  trước {until}

Mọi người đều thấy hạn này trên trang của kiến nghị:

  {link}
""",
    ),
    "petition-debate-due": (
        "Đến hạn thảo luận: “{petition}”",
        """
{count} người đã ký kiến nghị này:

  “{petition}”

Cơ quan phải định ngày thảo luận, hoặc nêu lý do không thảo luận:

  {body}
  trước {until}

Mọi người đều thấy hạn này trên trang của kiến nghị:

  {link}
""",
    ),
    "test-mail": (
        "Thư thử từ {authority}",
        """
Đây là thư thử. Thư từ {site} đến được địa chỉ này.
""",
    ),
}
