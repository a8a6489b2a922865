"""What is wrong with a registrar's file of addresses, one sentence for each code of `voting.contacts.FAULTS`."""

from collections.abc import Mapping
from typing import Final

from web.i18n import N_

CONTACT_FAULTS: Final[Mapping[str, str]] = {
    "not-text": N_(
        "The file is not UTF-8 text. Choose the one that `psephos registrar make --contacts` wrote."
    ),
    "broken": N_("The file is not a whole CSV table: %(value)s"),
    "heading": N_("The first line has to be: voter_number,email,language"),
    "cells": N_("Line %(line)s does not have three columns"),
    "number": N_("Line %(line)s: “%(value)s” is no voter number"),
    "unknown": N_("Line %(line)s: no code with the voter number “%(value)s” is in force in this vote"),
    "twice": N_("Line %(line)s: voter number “%(value)s” stands in an earlier line as well"),
    "address": N_("Line %(line)s: “%(value)s” is no e-mail address"),
    "language": N_("Line %(line)s: “%(value)s” is neither en nor vi, nor empty"),
    "empty": N_("There is no address in the file"),
}
