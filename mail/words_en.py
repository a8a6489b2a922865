"""English mails: subject and text by name."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, tuple[str, str]]] = {
    "signature": (
        "",
        """
  {authority}
  Questions: {help_line}
""",
    ),
    "to-signers": (
        "",
        """
You get this mail because you asked for it when you signed.
You want no more of them? This page stops them, without sign-in:

  {stop_link}
""",
    ),
    "sign-in-link": (
        "Sign in to {authority}",
        """
Somebody, most likely you, wants to sign in with this e-mail address.
Open this page and press the button there:

  {link}

The link works once, within {minutes} minutes. Open it on the device on which you asked for it.

You did not ask for it? Then do nothing. Nobody is signed in by this mail.
""",
    ),
    "invitation": (
        "{inviter} invites you to work on votes at {authority}",
        """
{inviter} has invited you to {authority} in this role: {role}.

To accept, open this page. It asks you to set up a second factor, for example the fingerprint reader of your device:

  {link}

The link works once and for {days} days. You do not know {inviter}? Ask at the number below before you open it.
""",
    ),
    "cast-notice": (
        "Your ballot is in the urn: {title}",
        """
A ballot was cast with your voting code in the vote “{title}”, at {moment}.

Was it you? Then there is nothing to do. With your receipt you can check that it is counted:

  {check_link}

It was not you? Cast your own ballot with your voting code before {closes}: the last one counts. And tell us.

Nobody can see from this mail how you voted, and neither can we.
""",
    ),
    "cast-notice-again": (
        "Ballot number {number} with your voting code: {title}",
        """
Another ballot was cast with your voting code in the vote “{title}”, at {moment}. It is number {number}.
The last one counts, the earlier ones do not.

Was it you? Then there is nothing to do. With your receipt you can check which one is counted:

  {check_link}

It was not you? Cast your own ballot once more before {closes}: it replaces this one. And tell us.

Nobody can see from this mail how you voted, and neither can we.
""",
    ),
    "cast-notice-final": (
        "Your ballot is in the urn: {title}",
        """
A ballot was cast with your voting code in the vote “{title}”, at {moment}. In this vote each code votes once.

Was it you? Then there is nothing to do. With your receipt you can check that it is counted:

  {check_link}

It was not you? Tell us before {closes}, at the number below.

Nobody can see from this mail how you voted, and neither can we.
""",
    ),
    "receipt": (
        "Your receipt: {title}",
        """
You asked for the receipt of your ballot in the vote “{title}”, cast at {moment}.

  Receipt code: {receipt_code}
  Voter number: {voter_number}

The receipt does not show what you chose. With it you can check at any time that your ballot is on the public board, and
after the count that it was counted:

  {check_link}
""",
    ),
    "opens-soon": (
        "Voting begins soon: {title}",
        """
The vote “{title}” begins on {opens}. You can vote until {closes}.

  {link}

Have the letter with your voting code at hand. It has not arrived? Ask at the number below: you get a new code, and the
old one ends.

We never ask for your voting code by mail or by telephone.
""",
    ),
    "closes-soon": (
        "Voting ends soon: {title}",
        """
You can vote in “{title}” until {closes}.

  {link}

Have you voted already? Then there is nothing to do. We write to everybody on the list, because we do not look up who
has voted.

We never ask for your voting code by mail or by telephone.
""",
    ),
    "dispute-answered": (
        "Your objection {number} has an answer: {title}",
        """
The office has answered your objection {number} in the vote “{title}”. Objection and answer are public:

  {link}

If the answer does not convince you, the page says what you can do next and until when.
""",
    ),
    "conflict": (
        "A ballot was not put into the urn: {title}",
        """
At {moment}, somebody tried to vote in “{title}” with a sign-in and a voting code of which one is yours, and the other
has voted with somebody else. The ballot was not put into the urn. What was in the urn before stays there.

This happens when two letters are mixed up, for example in one household. Or somebody else has your voting code.

Ask at the number below: you get a new code, and the old one ends. The public board notes the attempt without your name:

  {link}
""",
    ),
    "code-replaced": (
        "Your voting code was replaced: {title}",
        """
At {moment}, the registrar ended your voting code in the vote “{title}” and made a new one, which you get by letter.
Ballots that were cast with the old code are not counted any more. Vote with the new one.

  {link}

You did not ask for a new code? Tell us at the number below: somebody may have asked in your name.
""",
    ),
    "confirm-address": (
        "Do you want news from {authority} here?",
        """
Somebody, most likely you, wants to get news about petitions and discussions at this address.
Open this page and press the button there:

  {link}

The link works within {hours} hours.

You did not ask for it? Then do nothing. Without the button no mail comes.
""",
    ),
    "sign-petition": (
        "Sign: “{petition}”",
        """
Somebody, most likely you, wants to sign the petition “{petition}” with this e-mail address.
Open this page and press the button there:

  {link}

The link works within {hours} hours. Your name and address are never published.

You did not ask for it? Then do nothing. Without the button nothing is signed.
""",
    ),
    "sign-unread-petition": (
        "Support a petition",
        """
Somebody, most likely you, wants to support a petition with this e-mail address. It looks for its first supporters
and was not checked by anybody yet. Its number:

  {number}

Open this page, read it, and press the button there:

  {link}

The link works within {hours} hours. Your name and address are never published.

You did not ask for it? Then do nothing. Without the button nothing is signed.
""",
    ),
    "digest": (
        "News about {count} things that you follow",
        """
This happened to what you follow:

  \x00

All news, and what you follow:

  {my_link}

You do not want these mails any more? This page stops them, without sign-in:

  {stop_link}
""",
    ),
    "digest-one": (
        "News: “{petition}”",
        """
This happened to what you follow:

  \x00

All news, and what you follow:

  {my_link}

You do not want these mails any more? This page stops them, without sign-in:

  {stop_link}
""",
    ),
    "petition-answered": (
        "Answered: “{petition}”",
        """
The petition that you signed has an answer:

  “{petition}”

Read the answer here:

  {link}
""",
    ),
    "petition-debate": (
        "Debate: “{petition}”",
        """
There will be a debate about the petition that you signed:

  “{petition}”
  {day}

Where it is, and who may come:

  {link}
""",
    ),
    "petition-no-debate": (
        "No debate: “{petition}”",
        """
There will be no debate about the petition that you signed:

  “{petition}”

The reasons are here:

  {link}
""",
    ),
    "petition-closed": (
        "Closed: “{petition}”",
        """
The petition that you signed takes no more signatures:

  “{petition}”

How many have signed, and what is due now:

  {link}
""",
    ),
    "petition-published": (
        "Open for signatures: “{petition}”",
        """
A moderator has published the petition that you supported:

  “{petition}”

Everybody can sign it now:

  {link}
""",
    ),
    "petition-rejected": (
        "Not accepted: “{petition}”",
        """
A moderator has not accepted the petition that you supported:

  “{petition}”

The reason is here:

  {link}
""",
    ),
    "petition-edited": (
        "New words: “{petition}”",
        """
The words of a petition that you signed were changed. It asks now:

  “{petition}”

See what is different:

  {link}

Your signature stands under the earlier words. Do you agree with the new ones? Then sign once more:
you are still counted once. If you do not, you can take your signature back on your receipt.
""",
    ),
    "petition-outcome": (
        "What became of it: “{petition}”",
        """
It was said what became of the petition that you signed:

  “{petition}”

Read it here:

  {link}
""",
    ),
    "petition-removed": (
        "Your signature was removed: “{petition}”",
        """
Your signature does not count any more. It was removed from this petition, together with others:

  “{petition}”

The reason stands in the public record, in batch {batch}:

  {link}

You did sign, and with your own address? Then write to us or call: {help_line}.
""",
    ),
    "petition-answer-due": (
        "An answer is due: “{petition}”",
        """
{count} people have signed this petition:

  “{petition}”

A written answer is due from:

  {body}
  until {until}

Everybody sees this date on the page of the petition:

  {link}
""",
    ),
    "petition-debate-due": (
        "A debate is due: “{petition}”",
        """
{count} people have signed this petition:

  “{petition}”

A day for a debate, or the reasons against it, is due from:

  {body}
  until {until}

Everybody sees this date on the page of the petition:

  {link}
""",
    ),
    "test-mail": (
        "Test mail from {authority}",
        """
This is a test. Mail from {site} reaches this address.
""",
    ),
}
