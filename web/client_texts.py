"""The sentences that the browser client writes, by key. Keys and placeholders: web/client/README.md.

A number has two keys, `….one` and `….other`; the client chooses as the language counts.
"""

from typing import Final

from web.formats import FULL_MOMENT
from web.i18n import N_, Language, translations

BOOTH: Final = {
    "title.error": N_("Error: {title}"),
    "code.empty": N_("Enter your voting code"),
    "code.vietnamese": N_(
        "The code has Vietnamese letters in it ({letters}). Switch the Vietnamese keyboard off and type the code again."
    ),
    "code.symbol": N_(
        "There is no “{letter}” in a voting code. Compare it with your letter, group by group."
    ),
    "code.length.one": N_("The code has 28 letters and numbers; you typed one. Look for what is missing."),
    "code.length.other": N_(
        "The code has 28 letters and numbers; you typed {n}. Look for a group that is missing or typed twice."
    ),
    "code.short": N_(
        "The code has 28 letters and numbers; you typed {n}. A Vietnamese keyboard swallows some: switch it off and "
        "type the code again."
    ),
    "code.checksum": N_(
        "One letter or number is wrong, or two have changed places. Compare each group with your letter."
    ),
    "code.fingerprint": N_(
        "Your letter belongs to the vote with the fingerprint {letter}; this page shows {shown}. Do not vote here; "
        "call the help desk."
    ),
    "code.unknown": N_(
        "This code is not on the voters’ list of this vote. Look whether your letter has the fingerprint shown below."
    ),
    "code.replaced": N_("This code was replaced by a new one. Use the code of your newest letter."),
    "code.offline": N_(
        "The voters’ list could not be loaded. Check your connection and press “Continue” again."
    ),
    "code.voted": N_(
        "A ballot with this voting code is in the urn already, and in this vote each code casts one ballot only."
    ),
    "voted.before.one": N_(
        "You have voted already. That ballot counts until you cast another one; then the new one counts."
    ),
    "voted.before.other": N_(
        "You have cast {n} ballots already. The last one counts until you cast another one; then the new one counts."
    ),
    "choose.empty": N_("Choose an answer, or the blank vote"),
    "approval.few.one": N_("Choose at least one"),
    "approval.few.other": N_("Choose at least {min}; you have chosen {n}"),
    "approval.many.one": N_("Choose at most one; you have chosen {n}"),
    "approval.many.other": N_("Choose at most {max}; you have chosen {n}"),
    "approval.chosen.one": N_("One of at most {max} chosen."),
    "approval.chosen.other": N_("{n} of at most {max} chosen."),
    "approval.more.one": N_("You may choose one more."),
    "approval.more.other": N_("You may choose {n} more."),
    "approval.full": N_("To choose another, take one away first."),
    "points.range": N_("Give “{option}” a whole number from 0 to {max}"),
    "points.total": N_("Give {min} to {max} points in all; you have given {n}"),
    "points.given": N_("{n} of at most {max} points given."),
    "ranking.empty": N_("Give every option a position, or tick the blank vote"),
    "ranking.missing": N_("Give “{option}” a position"),
    "ranking.twice": N_(
        "“{first}” and “{option}” both have position {position}. Give each position to one option only."
    ),
    "ranking.blank": N_("A blank vote ranks nothing. Untick it, or take the positions away."),
    "ranking.given": N_("{n} of {max} positions given."),
    "ranking.free": N_("Still free: {positions}."),
    "review.change": N_("answer {n}"),
    "review.blank": N_("Blank vote"),
    "review.none": N_("Nothing chosen"),
    "review.count": N_("{n} of at most {max} chosen"),
    "review.points": N_("{option}: {n}"),
    "review.rank": N_("{n}. {option}"),
    "sealing.tables": N_("Preparing to seal your ballot: {percent}%"),
    "sealing.ballot": N_("Sealing your ballot: {percent}%"),
    "sign-in.waiting": N_(
        "Waiting for your sign-in in the other tab. When you have pressed “Let my ballot in” there, come back here."
    ),
    "sign-in.empty": N_("Paste the entry code, or press “Sign in, in a new tab”"),
    "sign-in.no-code": N_(
        "This is not a whole entry code. It has 43 letters and numbers: copy it once more from the page that shows it."
    ),
    "casting.sending": N_("Your sealed ballot is being sent."),
    "casting.waiting": N_("It has arrived. Waiting until the public board that holds it is signed."),
    "casting.checking": N_("Your browser is checking that the ballot is on the board."),
    "end.time": N_("{time}."),
    "end.number": N_("It is on the public board as number {n}."),
    "end.witnesses.one": N_("{k} of one witness has signed that board."),
    "end.witnesses.other": N_("{k} of {n} witnesses have signed that board."),
    "end.unwitnessed": N_("No witness is named for this vote: nobody else has signed that board."),
    "end.sequence": N_("It is ballot number {n} cast with your code. The last one counts."),
    "end.server": N_("The board is signed with the key of this vote."),
    "end.fingerprint": N_(
        "The board belongs to the vote with the fingerprint {fingerprint}: compare it with your letter."
    ),
    "unknown.looking": N_("Last looked at {time}. Not on the board so far."),
    "unknown.contradicted": N_(
        "The server’s answers contradict one another. "
        "Save what was sent and tell the help desk; this page keeps looking."
    ),
    "unknown.sending": N_("The same ballot is being sent again."),
    "problem.already-cast": N_("This very ballot is in the urn already."),
    "problem.already-challenged": N_("This ballot was tested already and cannot be tested again."),
    "problem.bad-signature": N_(
        "The server could not match the ballot with your voting code. Enter the code again."
    ),
    "problem.challenge-differs": N_(
        "The test does not give the ballot that it should. Do not vote here; tell the help desk."
    ),
    "problem.challenged": N_(
        "This ballot was tested and can never be cast. Go back to your answers to seal it anew."
    ),
    "problem.closed": N_("Voting has closed. Ballots can no longer be cast."),
    "problem.malformed-ballot": N_("The server could not read the ballot. Load the page again."),
    "problem.malformed-ciphertext": N_(
        "The ballot was not sealed correctly. Go back to your answers to seal it anew."
    ),
    "problem.malformed-proof": N_(
        "The ballot was not sealed correctly. Go back to your answers to seal it anew."
    ),
    "problem.membership-failed": N_(
        "The ballot was not sealed correctly. Go back to your answers to seal it anew."
    ),
    "problem.not-open": N_("Voting is not open yet."),
    "problem.permit-expired": N_(
        "The entry code has expired or was used for another ballot. Your ballot is still here: get a new code."
    ),
    "problem.revoked-credential": N_(
        "This voting code was replaced by a new one. Use the code of your newest letter."
    ),
    "problem.sign-in-conflict": N_(
        "The person who signed in has voted with another voting code, or somebody else has voted with this one. "
        "The attempt is on the public board, without a name. Tell the help desk."
    ),
    "problem.sign-in-needed": N_("This vote asks you to sign in before your ballot goes into the urn."),
    "problem.repeated-ciphertext": N_(
        "Part of this ballot is on the board already. Go back to your answers to seal it anew."
    ),
    "problem.too-large": N_("The ballot is longer than a ballot of this vote can be. Load the page again."),
    "problem.too-many-challenges": N_(
        "No more ballots can be tested with this voting code. You can still cast your vote."
    ),
    "problem.unknown-credential": N_("This voting code is not on the voters’ list of this vote."),
    "problem.wrong-election": N_("The ballot belongs to another vote. Load the page again."),
    "problem.wrong-sequence": N_(
        "Another ballot with this voting code arrived in the meantime. "
        "Go back to your answers and cast your vote once more."
    ),
    "problem.busy": N_(
        "The server is very busy and stored nothing. Wait a minute, then cast your vote again."
    ),
    "problem.storage-full": N_(
        "The server has no room left and stored nothing. Tell the help desk; you can cast your vote later."
    ),
    "problem.malformed-challenge": N_(
        "The server could not read the test. The saved file is enough to check it."
    ),
    "problem.too-many-requests": N_(
        "Too many requests came from your network in this minute. Wait a minute and try again."
    ),
    "problem.too-soon": N_(
        "Many ballots were cast with this code. Wait a minute, then cast your vote again."
    ),
    "problem.other": N_("The server said: {detail}"),
    "test.command": N_("psephos check-challenge {file} --url {url}"),
    "test.posted": N_("The test is on the public board as number {n}."),
    "failed.script": N_(
        "This browser lacks something that sealing a ballot needs. Use a newer browser or another device."
    ),
    "failed.changed": N_(
        "The questions on this page differ from those that were fixed for the vote. "
        "Do not vote here; tell the help desk."
    ),
    "failed.fingerprint": N_(
        "The data of this vote do not have the fingerprint that they should have. Do not vote here; tell the help desk."
    ),
    "failed.load": N_(
        "The data of this vote could not be loaded. Check your connection and load the page again."
    ),
    "failed.seal": N_(
        "Sealing your ballot went wrong. Load the page again; if it happens twice, use another device."
    ),
}

CHECK: Final = {
    "title.error": BOOTH["title.error"],
    "check.empty": N_("Enter the receipt code or your voter number"),
    "check.symbol": N_(
        "There is no “{letter}” in these codes. Compare it with your receipt, group by group."
    ),
    "check.length.one": N_("The code has 25 letters and numbers; you typed {n}. Look for what is missing."),
    "check.length.other": N_(
        "The code has 25 letters and numbers; you typed {n}. Look for a group that is missing or typed twice."
    ),
    "check.vietnamese": BOOTH["code.vietnamese"],
    "check.none": N_("Voter number {voter} has not cast a ballot."),
    "check.offline": N_(
        "The public board could not be loaded. Check your connection and press “Check” again."
    ),
    "check.receipt": N_("The receipt is genuine, and its ballot still stands where the receipt says"),
    "check.receipt.bad": N_(
        "This file is not a good receipt of this vote: {reason} Do not delete it; tell the help desk."
    ),
    "check.looking": N_("Looking on the public board…"),
    "check.title": N_("Ballot {n} of {total}"),
    "check.when": N_("{time}, number {n} on the board"),
    "check.voter.one": N_("has cast one ballot."),
    "check.voter.other": N_("has cast {n} ballots; the last one counts."),
    "check.cast.one": N_("has cast one ballot."),
    "check.cast.other": N_("has cast {n} ballots."),
    "check.revoked": N_(
        "This voting code was replaced, so its ballots do not count. Look up voter number {voter} instead. "
        "Entry {n} of the board; reason: {reason}"
    ),
    "check.revoked.signed": N_("The registrar of this vote has signed that the voting code was replaced"),
    "check.proof.one": N_("The ballot is part of the board (a proof of one step)"),
    "check.proof.other": N_("The ballot is part of the board (a proof of {n} steps)"),
    "check.server": N_("The board is signed with the key of this vote"),
    "check.witnesses.one": N_("{k} of one witness has signed the board"),
    "check.witnesses.other": N_("{k} of {n} witnesses have signed the board"),
    "check.unwitnessed": N_("No witness is named for this vote: nobody else has signed the board"),
    "check.fingerprint": N_(
        "It is the board of the vote with the fingerprint {fingerprint}: compare it with your letter"
    ),
    "check.consistent": N_(
        "Between entry {from} and entry {to} nothing was removed or changed since your last visit"
    ),
    "check.at": N_("Checked at {time} against a board of {n} entries. Nothing you typed was stored."),
    "check.failed": N_("A check failed: {reason} Save this page and tell the help desk."),
}

BOARD: Final = {
    "board.checking": N_("Your browser is checking the signed state…"),
    "board.good": N_("Your browser has checked the signature of this state with {n} entries."),
    "board.consistent": N_(
        "It continues the state with {from} entries that this browser saw before; nothing was removed or changed."
    ),
    "board.bad": N_("A check failed: {reason} Save this page and tell the help desk."),
}

PASSKEY: Final = {
    "passkey.cancelled": N_("Nothing was done: the device did not confirm. You can try again."),
    "passkey.known": N_("This device has a passkey for this site already."),
    "passkey.refused": N_("The passkey was not accepted. Try again, or sign in by a link in a mail."),
    "passkey.stale": N_("This page was open for too long. Load it again and press the button once more."),
    "passkey.offline": N_("The site did not answer. Check your connection and try again."),
}

SECOND: Final = {
    "second.none": N_(
        "This page checks a ballot that was opened in a test. "
        "Scan the QR code that the other device shows after the test."
    ),
    "second.loading": N_("Loading what this vote asks…"),
    "second.waiting": N_("Waiting until the ballot with this receipt code is opened on the other device…"),
    "second.sealing": N_("The ballot was opened. This device seals the same answers again…"),
    "second.good": N_(
        "This device has arrived at the same receipt code. The ballot held exactly what stands below; it was never "
        "cast and stands on the public board as number {n}."
    ),
    "second.differs": N_(
        "The opened answers do not give this receipt code: the other device cheats. "
        "Do not vote on it; tell the help desk."
    ),
    "second.offline": N_(
        "The public board could not be loaded. Check your connection; this page tries again."
    ),
    "second.failed": N_("A check failed: {reason} Do not vote on the other device; tell the help desk."),
    "review.blank": BOOTH["review.blank"],
    "review.none": BOOTH["review.none"],
    "review.points": BOOTH["review.points"],
    "review.rank": BOOTH["review.rank"],
}

PERMIT: Final = {
    "permit.looking": N_("Handing the entry code to the tab with your ballot…"),
    "permit.taken": N_(
        "The tab with your ballot has the code. Go back to it: it says whether your vote is in the urn. "
        "You may close this tab."
    ),
    "permit.nobody": N_(
        "No tab with a ballot has answered yet. Go back to it, or paste the code there. If you have closed it, "
        "nothing was cast: enter the voting booth again."
    ),
}


def translated(texts: dict[str, str], language: Language) -> dict[str, str]:
    """`texts` for readers of `language`, placeholders untouched."""
    gettext = translations(language).gettext
    return {"time.full": FULL_MOMENT[language]} | {key: gettext(message) for key, message in texts.items()}
