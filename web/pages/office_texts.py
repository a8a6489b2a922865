"""Words of the checklist: the domain gives codes and values, here are the sentences."""

from collections.abc import Mapping
from typing import Final

from voting.checklist import Item
from voting.draft_document import Section
from web.i18n import N_, Language, translations

SECTIONS: Final[Mapping[Section, str]] = {
    Section.TITLE: N_("Title and authority"),
    Section.QUESTIONS: N_("Questions"),
    Section.DOCUMENTS: N_("Documents"),
    Section.CALENDAR: N_("Calendar"),
    Section.AREAS: N_("Counting areas"),
    Section.RULES: N_("Rules of voting"),
    Section.VOTERS: N_("Voters’ list"),
    Section.KEY_HOLDERS: N_("Key holders"),
    Section.TERMS: N_("Fix the terms for the key ceremony"),
    Section.CEREMONY: N_("Key of the vote"),
    Section.ROLL: N_("Registrar’s roll"),
    Section.SIGNATURES: N_("Signatures of the key holders"),
}

SENTENCES: Final[Mapping[str, str]] = {
    # title
    "title-missing": N_("Give the vote a title."),
    "title-in-one-language": N_("Write the title in the other language too."),
    "authority-missing": N_("Say who holds the vote."),
    "authority-in-one-language": N_("Write the authority’s name in the other language too."),
    "rehearsal": N_("This is a rehearsal: every page says so, and its voters are invented."),
    "title-done": N_("In both languages."),
    # texts anywhere
    "unseen-character": N_("“%(text)s” holds a character that nobody can see (%(character)s). Type it anew."),
    "mixed-scripts": N_(
        "“%(word)s” has letters that only look like Latin ones (%(scripts)s). Type the word anew with one keyboard."
    ),
    # questions
    "no-question": N_("Write the first question."),
    "question-text": N_("Write the text of question %(number)s in both languages."),
    "too-few-options": N_("Question %(number)s needs at least %(least)s options."),
    "too-many-to-rank": N_("In question %(number)s at most %(most)s options can be ranked."),
    "option-in-one-language": N_("Write every option of question %(number)s in both languages."),
    "options-alike": N_(
        "In question %(number)s, options %(first)s and %(second)s look alike. Change one of them."
    ),
    "questions-alike": N_("Questions %(first)s and %(second)s look alike. Change one of them."),
    "approval-bounds": N_(
        "Question %(number)s: how many options may be chosen does not fit the number of options."
    ),
    "points-bounds": N_("Question %(number)s: the points do not fit the number of options."),
    "positions-count": N_(
        "Question %(number)s: give points for each position, as many as there are options."
    ),
    "positions-order": N_(
        "Question %(number)s: the points of the positions must not rise, and the first must give more than the last."
    ),
    "questions-done": N_("Questions: %(count)s, in both languages."),
    # documents
    "document-name": N_("Name document %(number)s in both languages."),
    "no-documents": N_("None. Add what voters should read, if there is anything."),
    "documents-done": N_("Documents: %(count)s. Their content is fixed with the vote."),
    # calendar
    "zone-missing": N_("Choose the time zone, then the days."),
    "opens-missing": N_("Say when voting opens."),
    "closes-missing": N_("Say when voting closes."),
    "opens-does-not-exist": N_("The opening time does not exist in this time zone. Enter it anew."),
    "closes-does-not-exist": N_("The closing time does not exist in this time zone. Enter it anew."),
    "closes-before-opens": N_("Voting closes before it opens. Change one of the two."),
    "closes-past": N_("The closing time has passed. Choose a later one."),
    "opens-past": N_("The opening time has passed."),
    "short-vote": N_("Voting is open for %(hours)s hours only. Many people will not find time."),
    "opens-soon": N_("Voting opens in less than a week. Will the letters arrive by then?"),
    "far-ahead": N_("Voting closes in more than two years. Is the year right?"),
    "no-objection-time": N_("There is no time for objections between closing and counting."),
    "calendar-done": N_("Opening and closing are in the future, with their time zone."),
    # areas
    "area-name": N_("Name every area in both languages."),
    "areas-alike": N_("Areas %(first)s and %(second)s look alike. Change one of them."),
    "small-areas-relaxed": N_(
        "The results of very small groups may be opened: they can show how somebody voted. Every reader is told."
    ),
    "small-areas-joined": N_(
        "Areas with too few voters to be opened alone: %(count)s, first %(first)s. They are counted together with the "
        "next one."
    ),
    "one-area": N_("Counted in one piece."),
    "areas-done": N_("Areas: %(count)s."),
    # rules
    "no-registrar-key": N_("The registrar’s key is missing: a lost voting code could not be replaced."),
    "no-revoting": N_(
        "Nobody can vote again: a vote that somebody was watched or pressed to cast cannot be corrected."
    ),
    "rules-done": N_("Decided."),
    # voters
    "no-list": N_("There is no list here, so the registrar’s roll cannot be compared with it."),
    "no-list-to-sign-in": N_("Voters sign in, so upload the list of who may."),
    "list-with-other-areas": N_(
        "The list names the area %(area)s, which this vote does not have. Upload it anew."
    ),
    "area-without-voters": N_("Areas without a voter: %(count)s, first %(area)s."),
    "lines-without-identity": N_(
        "Lines that do not say how the voter signs in: %(count)s. Upload the list anew."
    ),
    "lonely-weight": N_(
        "A weight that one voter alone has in an area: %(count)s, first %(weight)s in %(area)s. The result of the area "
        "could show that vote."
    ),
    "voters-done": N_("Voters: %(count)s. No name is kept here."),
    # key holders
    "no-key-holder": N_("Name who keeps the key: one returning officer, or three to ten people."),
    "two-key-holders": N_("Two are not offered: if one is lost, nobody can count. Name a third one."),
    "key-holders-alike": N_("Key holders %(first)s and %(second)s look alike. Tell them apart."),
    "keys-missing": N_("Public keys that are missing: %(names)s."),
    "single-trustee": N_(
        "One person alone holds the key and could open single ballots. Every reader is told."
    ),
    "one-machine-ceremony": N_(
        "The key is made at one machine: whoever runs it could keep all parts. Every reader is told."
    ),
    "112-bit": N_("The key is shorter than recommended (2048 bits). Every reader is told."),
    # from the terms to the freeze
    "terms-wait": N_("First: points above that are missing, %(count)s."),
    "terms-ready": N_("Nothing is missing. Read everything once more, then fix the terms."),
    "terms-impossible": N_("This cannot become a ballot: %(reason)s"),
    "terms-done": N_("Fixed. Key and roll are made for exactly these terms."),
    "after-terms": N_("Comes when the terms are fixed."),
    "ceremony-missing": N_("The key holders meet and make the key; its public record is handed in here."),
    "ceremony-done": N_("Made and checked."),
    "roll-missing": N_(
        "The registrar makes the voting codes; the roll of their public keys is handed in here."
    ),
    "roll-not-compared": N_("Voting codes: %(count)s. There is no list to compare them with."),
    "roll-differs": N_(
        "Roll and voters’ list differ in groups: %(count)s. In %(area)s with weight %(weight)s the list has "
        "%(on_list)s voters, the roll %(on_roll)s."
    ),
    "roll-done": N_("Voting codes: %(count)s, as many of each area and weight as on the list."),
    "signatures-wait": N_("Comes when key and roll are there."),
    "signatures-missing": N_("Not signed yet: %(names)s."),
    "signatures-done": N_("Every key holder has signed the same fingerprint."),
}


def section_name(section: Section, language: Language) -> str:
    """What a section is called."""
    return translations(language).gettext(SECTIONS[section])


def sentence(item: Item, language: Language) -> str:
    """The item as people read it."""
    return translations(language).gettext(SENTENCES[item.code]) % item.values
