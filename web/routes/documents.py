"""Documents that a frozen vote names: for everybody, to be saved. Before the freeze only officials see them."""

from starlette.requests import Request
from starlette.responses import Response

from voting.draft_errors import FileRefused
from voting.draft_files import ENDINGS, public_document
from voting.errors import NoSuchElection
from voting.office import Office
from web.access import Access, AccessRoute
from web.errors import language_of
from web.pages.common import PageNotFound
from web.routes.office_files import file_response


def document(request: Request) -> Response:
    """GET /{lang}/elections/{election}/documents/{sha256}: its address is its digest, so it never changes."""
    office: Office = request.app.state.office
    sha256 = request.path_params["sha256"]
    try:
        found = public_document(office, request.path_params["election"], sha256)
    except (NoSuchElection, FileRefused) as error:
        raise PageNotFound(sha256) from error
    name = found.document.name
    shown = name.vi if language_of(request) == "vi" else name.en
    answer = file_response(
        found.data, found.document.media_type, f"{shown}{ENDINGS[found.document.media_type]}"
    )
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def document_routes() -> list[AccessRoute]:
    """The one above."""
    return [AccessRoute("/{lang}/elections/{election}/documents/{sha256}", document, access=Access.PUBLIC)]
