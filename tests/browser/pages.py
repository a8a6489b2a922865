"""Every page of the site that a voter can come to, by a name that tests print."""

from crypto.display_code import alias, display_code
from tests.browser.site import Site

OBJECT = "{}/disputes/new"


def every_page(site: Site) -> dict[str, str]:
    """Paths after the language."""
    ward = site.ward
    open_, closed = (f"/elections/{election.id}" for election in (ward.open, ward.closed))
    voter = closed_voter = ward.closed.used[0]
    code = display_code(ward.ballots_of(ward.closed, voter)[0].leaf.digest_bytes)
    return {
        "home": "/",
        "elections": "/elections",
        "search": "/elections?q=library",
        "search without finding": "/elections?q=zzz",
        "check-any": "/check",
        "how": "/how-voting-works",
        "open-data": "/open-data",
        "open": open_,
        "announced": f"/elections/{ward.announced.id}",
        "closed": closed,
        "one key holder": f"/elections/{ward.alone.id}",
        "booth before opening": f"/elections/{ward.announced.id}/booth",
        "booth after closing": f"{closed}/booth",
        "check": f"{closed}/check",
        "check found": f"{closed}/check?code={code}",
        "check by voter number": f"{closed}/check?code={alias(closed_voter.public_key)}",
        "check missing": f"{closed}/check?code=00000-00000-00000-00000-00000",
        "check mistyped": f"{closed}/check?code=7KQ4",
        "board": f"{closed}/board",
        "board of an open vote": f"{open_}/board",
        "board not found": f"{closed}/board?find=99999",
        "entry": f"{closed}/board/0",
        "entry of a ballot": f"{closed}/board/5",
        "result": f"{closed}/result",
        "verify": f"{open_}/verify",
        "objections": f"{closed}/disputes",
        "object": OBJECT.format(closed),
        "second device": f"{open_}/test",
        "receipt by mail": f"{closed}/receipt-mail?code={code}",
        "no such page": "/nothing",
    }


MISSING = "no such page"
