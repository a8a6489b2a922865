"""From a draft to the manifest that it becomes, and from an earlier manifest back to a draft without its dates."""

import msgspec

from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from protocol.errors import ManifestInvalid
from protocol.manifest import (
    Approval,
    ChooseOne,
    Document,
    Manifest,
    NamedKey,
    Option,
    Points,
    Question,
    Ranking,
    decode_manifest,
)
from protocol.text import LocalText, format_time
from voting.calendar import CalendarFault, resolve, zone
from voting.draft_document import (
    AreasPart,
    CalendarPart,
    DocumentsPart,
    Draft,
    DraftDocument,
    DraftOption,
    DraftQuestion,
    Holder,
    KeyHoldersPart,
    QuestionsPart,
    RulesPart,
    TitlePart,
    Words,
    empty_draft,
)
from voting.server_keys import ElectionKeys

PROMISE_SECONDS = 60


def make_manifest(draft: Draft, election: str, origin: str, keys: ElectionKeys) -> Manifest:
    """The manifest that these answers become.

    origin: of the election's board (`voting.preparation.log_origin`).  keys: the server's, for this election.
    Raises: ManifestInvalid naming what is missing or wrong.
    """
    calendar = draft.calendar
    try:
        place = zone(calendar.time_zone)
        if calendar.opens is None or calendar.closes is None:
            raise ManifestInvalid("opens_at and closes_at are not decided.")
        opens, closes = (format_time(resolve(moment, place)) for moment in (calendar.opens, calendar.closes))
    except CalendarFault as error:
        raise ManifestInvalid(f"A time of the calendar cannot be used ({error.code}): {error}") from error
    fields = {
        "areas": draft.areas.areas,
        "authority": _text(draft.title.authority),
        "bits": draft.key_holders.bits,
        # Where several hold the key, it is made at one machine: the only ceremony that this release has.
        "ceremony": "one-machine",
        "closes_at": closes,
        "documents": tuple(_document(document) for document in draft.documents.documents),
        "election": election,
        "extension_seconds": calendar.extension_seconds,
        "format": "psephos/manifest/v1",
        "log_key": encode_base64url(keys.log.public_key),
        "log_origin": origin,
        "objection_seconds": calendar.objection_seconds,
        "opens_at": opens,
        "promise_seconds": PROMISE_SECONDS,
        "questions": tuple(manifest_question(question) for question in draft.questions.questions),
        "quorum": draft.rules.quorum,
        "registrar_key": draft.rules.registrar_key,
        "rehearsal": draft.title.rehearsal,
        "revoting": draft.rules.revoting,
        "server_key": encode_base64url(keys.server.public_key),
        "sign_in": draft.rules.sign_in,
        "small_areas": draft.areas.small_areas,
        "threshold": draft.key_holders.threshold,
        "time_zone": calendar.time_zone,
        "title": _text(draft.title.title),
        "trustees": tuple(NamedKey(key=holder.key, name=holder.name) for holder in draft.key_holders.holders),
        "witnesses": (),
    }
    try:
        manifest = msgspec.convert(msgspec.to_builtins(fields), Manifest)
    except msgspec.ValidationError as error:
        raise ManifestInvalid(str(error)) from error
    return decode_manifest(encode_canonical(manifest))


def manifest_question(question: DraftQuestion) -> Question:
    """One question as the manifest spells it; whether it keeps the limits is the manifest's to say."""
    text = _text(question.text)
    options = tuple(Option(id=option.id, label=_text(option.label)) for option in question.options)
    if question.kind == "approval":
        return Approval(
            id=question.id, text=text, options=options, min=question.minimum, max=question.maximum
        )
    if question.kind == "points":
        return Points(
            id=question.id,
            text=text,
            options=options,
            points_max=question.points_max,
            total_min=question.minimum,
            total_max=question.maximum,
        )
    if question.kind == "ranking":
        return Ranking(id=question.id, text=text, options=options, positions=question.positions)
    return ChooseOne(id=question.id, text=text, options=options)


def draft_from_manifest(manifest: Manifest) -> Draft:
    """A new draft after an earlier election: everything but its dates, its keys and its rehearsal mark."""
    return Draft(
        areas=AreasPart(areas=manifest.areas, small_areas=manifest.small_areas),
        calendar=CalendarPart(
            closes=None,
            extension_seconds=manifest.extension_seconds,
            objection_seconds=manifest.objection_seconds,
            opens=None,
            time_zone=manifest.time_zone,
        ),
        documents=DocumentsPart(documents=tuple(_draft_document(item) for item in manifest.documents)),
        format="psephos/draft/v1",
        key_holders=KeyHoldersPart(
            bits=manifest.bits,
            holders=tuple(Holder(key="", name=named.name, person=None) for named in manifest.trustees),
        ),
        questions=QuestionsPart(questions=tuple(_draft_question(item) for item in manifest.questions)),
        rules=RulesPart(
            quorum=manifest.quorum, registrar_key=None, revoting=manifest.revoting, sign_in=manifest.sign_in
        ),
        title=TitlePart(authority=_words(manifest.authority), rehearsal=False, title=_words(manifest.title)),
    )


def copy_of(draft: Draft) -> Draft:
    """A new draft after another: without dates, keys and rehearsal mark."""
    calendar, holders = draft.calendar, draft.key_holders.holders
    replace = msgspec.structs.replace
    return replace(
        empty_draft(),
        areas=draft.areas,
        calendar=replace(calendar, opens=None, closes=None),
        documents=draft.documents,
        key_holders=replace(draft.key_holders, holders=tuple(replace(holder, key="") for holder in holders)),
        questions=draft.questions,
        rules=replace(draft.rules, registrar_key=None),
        title=replace(draft.title, rehearsal=False),
    )


def _text(words: Words) -> LocalText:
    return LocalText(en=words.en, vi=words.vi)


def _words(text: LocalText) -> Words:
    return Words(en=text.en, vi=text.vi)


def _document(document: DraftDocument) -> Document:
    return Document(
        bytes=document.bytes,
        media_type=document.media_type,
        name=_text(document.name),
        sha256=document.sha256,
    )


def _draft_document(document: Document) -> DraftDocument:
    # Only elections of this server are copied, so the type is one that it takes; another is refused by the decoder.
    return msgspec.convert(msgspec.to_builtins(document), DraftDocument)


def _draft_question(question: Question) -> DraftQuestion:
    least, most, each = 1, 1, 0
    positions: tuple[int, ...] = ()
    if isinstance(question, Approval):
        least, most = question.min, question.max
    elif isinstance(question, Points):
        least, most, each = question.total_min, question.total_max, question.points_max
    elif isinstance(question, Ranking):
        positions = question.positions
    return DraftQuestion(
        id=question.id,
        kind=msgspec.to_builtins(question)["kind"],
        maximum=most,
        minimum=least,
        options=tuple(DraftOption(id=option.id, label=_words(option.label)) for option in question.options),
        points_max=each,
        positions=positions,
        text=_words(question.text),
    )
