"""All routes that are not for everybody: each room's own list, put together. A site without a desk has none of them."""

from web.access import AccessRoute
from web.routes.discussions import discussion_routes
from web.routes.disputes import dispute_routes
from web.routes.documents import document_routes
from web.routes.following import following_routes
from web.routes.fraud import fraud_routes
from web.routes.hearing_drafts import hearing_draft_routes
from web.routes.hearing_office import hearing_office_routes
from web.routes.hearing_outcome import hearing_outcome_routes
from web.routes.hearing_votes import hearing_vote_routes
from web.routes.hearings import hearing_routes
from web.routes.mail_stop import mail_stop_routes
from web.routes.moderation import moderation_routes
from web.routes.moderation_record import record_routes
from web.routes.my import my_routes
from web.routes.my_data import my_data_routes
from web.routes.office import office_routes
from web.routes.oidc import oidc_routes
from web.routes.people import people_routes
from web.routes.permit import permit_routes
from web.routes.petition_office import petition_office_routes
from web.routes.petition_settings import petition_settings_routes
from web.routes.petition_writing import petition_writing_routes
from web.routes.petitions import petition_routes
from web.routes.receipts import receipt_routes
from web.routes.registrar import registrar_routes
from web.routes.reports import report_routes
from web.routes.running import running_routes
from web.routes.sign_in import sign_in_routes
from web.routes.signing import signing_routes
from web.routes.similar import similar_routes
from web.routes.staff import staff_routes
from web.routes.topics import topic_routes
from web.routes.trail import trail_routes
from web.routes.trustee import trustee_routes


def private_routes() -> list[AccessRoute]:
    """Sign-in and everything behind it."""
    return [
        *sign_in_routes(),
        *oidc_routes(),
        *my_routes(),
        *my_data_routes(),
        *following_routes(),
        *mail_stop_routes(),
        *staff_routes(),
        *people_routes(),
        *trail_routes(),
        *topic_routes(),  # before `/discussions/{thread}` and `/office/{election}`
        *discussion_routes(),
        *dispute_routes(),  # before `/office/{election}`
        *petition_settings_routes(),
        *petition_office_routes(),  # before `/office/{election}`
        *fraud_routes(),  # before whatever takes one part below `/moderation`
        *moderation_routes(),
        *record_routes(),
        *report_routes(),
        *hearing_office_routes(),  # before `/office/{election}`, as those behind it
        *hearing_draft_routes(),
        *hearing_outcome_routes(),
        *hearing_vote_routes(),
        *office_routes(),
        *hearing_routes(),
        *document_routes(),
        *running_routes(),
        *trustee_routes(),
        *permit_routes(),
        *registrar_routes(),
        *receipt_routes(),
        *signing_routes(),
        *similar_routes(),
        *petition_writing_routes(),
        *petition_routes(),  # after whatever has a word of its own below `/petitions`
    ]
