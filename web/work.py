"""The door of forms that robots would fill in: proof of work where script runs, a slower limit where it does not.

A page shows `work_fields(challenge)` in its form and `work_script()` among its scripts (macros/work.html).
Its POST asks `require_work` last, when nothing else is wrong: spent work is spent.
"""

from typing import Final

from starlette.requests import Request

from consultation.fraud.errors import WorkRefused
from consultation.fraud.work import (
    ANSWER_CHARACTERS,
    CHALLENGE_CHARACTERS,
    Challenge,
    make_challenge,
    spend_work,
)
from mail.mailbox import canonical_address, domain_of, is_common
from storage.session import reading, writing
from web.errors import too_many
from web.forms import Form
from web.i18n import N_
from web.rate_limits import TooManyRequests, hit, limiter_of
from web.rate_rules import (
    SIGN_DOMAIN,
    SIGN_DOMAIN_DAY,
    SIGN_DOMAIN_SHARE,
    SIGN_DOMAIN_SHARE_DAY,
    SIGN_MAILBOX,
    SIGN_MAILBOX_DAY,
    SIGN_NETWORK,
    SIGN_NETWORK_DAY,
    WITHOUT_WORK,
)
from web.visitor import desk_of

FIELD: Final = "work"
"""The answer; the challenge is in `work-on`. Also the id of the place where a fault is said."""
CHALLENGE_FIELD: Final = "work-on"
RUN_OUT: Final = N_(
    "This form was open for too long, or was sent twice. Nothing was done. What you typed is still here: send it again."
)


def work_challenge(request: Request, purpose: str) -> Challenge:
    """What the browser works on while the form of a page is filled in. purpose: as `sign-0123456789abcdef`."""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        return make_challenge(desk, session, purpose, limiter_of(request).network_of(request))


def require_work(request: Request, form: Form, purpose: str) -> bool:
    """Whether the form came with its work, which is spent now. Without any it is counted by the slower limit instead.

    Says beside the form what is wrong: the work has run out or was used, or the limit is reached. Ask `form.ok` then.
    """
    answer, line = form.value(FIELD), form.value(CHALLENGE_FIELD)
    if not answer:
        _count(request, form)
        return False
    desk = desk_of(request)
    try:
        if len(answer) > ANSWER_CHARACTERS or len(line) > CHALLENGE_CHARACTERS:
            raise WorkRefused
        with writing(desk.engine) as session:
            spend_work(desk, session, line, answer, purpose, limiter_of(request).network_of(request))
    except WorkRefused:
        form.wrong(FIELD, form.say(RUN_OUT))
        return False
    return True


def limit_mails(request: Request, address: str) -> None:
    """Count one form that sends a mail to an address which nobody has confirmed: in a burst, and over a day.

    Counted by network, by mailbox in its canonical form, and by mail domain unless so many people have mailboxes there
    that a count says nothing. Nobody has confirmed a mailbox here, so anybody can ask for made-up ones of one: once
    there are too many, each network has a share of its own, and whoever comes from elsewhere is not kept out.
    Raises: TooManyRequests, LimitsUnavailable.
    """
    mailbox = canonical_address(address)
    # The network first: one that comes too often must not use up what others' mailboxes may still ask for.
    hit(request, SIGN_NETWORK, SIGN_NETWORK_DAY)
    hit(request, SIGN_MAILBOX, SIGN_MAILBOX_DAY, subject=mailbox)
    domain = domain_of(mailbox)
    if is_common(domain):
        return
    try:
        hit(request, SIGN_DOMAIN, SIGN_DOMAIN_DAY, subject=domain)
    except TooManyRequests:
        share = f"{limiter_of(request).network_of(request)} {domain}"
        hit(request, SIGN_DOMAIN_SHARE, SIGN_DOMAIN_SHARE_DAY, subject=share)


def _count(request: Request, form: Form) -> None:
    try:
        hit(request, WITHOUT_WORK)
    except TooManyRequests as error:
        form.wrong(FIELD, too_many(form.language, error.retry_after)[1])
