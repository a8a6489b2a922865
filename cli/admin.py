"""`psephos admin …`: people and roles from the server's own console: the first administrator, whoever lost everything.

Whoever may run this may read the database anyway; what is done here stands in the site log as done at the console.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.output import ExitCode, UnusableInput, read_text_file, say
from cli.site import site
from identity import appointing, invitations, people, second_factor, trail
from identity.desk import Desk
from identity.errors import TrailBroken
from identity.opening import open_desk
from identity.roles import Role
from identity.trail import System
from storage.session import reading, writing

CONSOLE: Final = System("console")
CHECKPOINT_BYTES_MAX: Final = 8192

admin = typer.Typer(
    name="admin",
    help="Invite the first administrator, see who has which role, check the site log.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PersonArgument = Annotated[
    str, typer.Argument(help="Number of the person, as `psephos admin list` shows it.")
]


@admin.command()
def invite(
    name: Annotated[str, typer.Option(help="As it will stand in the site log.")],
    email: Annotated[str, typer.Option(help="Address with which the person signs in later.")],
    role: Annotated[list[Role], typer.Option(help="One or several times.")],
    language: Annotated[str, typer.Option(help="en or vi.")] = "en",
) -> None:
    """Invite somebody and print the link. No mail is sent: hand the link over yourself."""
    with _desk() as desk:
        if language not in ("en", "vi"):
            raise UnusableInput("The language is en or vi.")
        try:
            with writing(desk.engine) as session:
                link = invitations.invite(
                    desk,
                    session,
                    CONSOLE,
                    name=name.strip(),
                    address=email,
                    roles=sorted(set(role)),
                    language=language,
                )
        except ValueError as error:
            raise UnusableInput(str(error)) from error
        say(f"Give this link to {name.strip()}. It works once, for {invitations.LIFETIME.days} days:")
        say(f"  {link}")


@admin.command("list")
def list_people() -> None:
    """Everybody who has a role or had one, and the open invitations."""
    with _desk() as desk, reading(desk.engine) as session:
        for one in people.staff(session):
            factors = second_factor.factors_of(session, one.id)
            notes = [
                *(["access closed"] if one.disabled_at else []),
                *([] if factors.any else ["no second factor yet"]),
            ]
            roles = ", ".join(sorted(one.roles)) or "no role"
            say(f"{one.id}  {one.name}  {roles}" + (f"  ({'; '.join(notes)})" if notes else ""))
        for invitation in invitations.open_invitations(desk, session):
            roles = ", ".join(sorted(invitation.roles))
            say(f"invited  {invitation.name}  {roles}  until {invitation.expires_at:%Y-%m-%d %H:%M} UTC")


@admin.command()
def disable(person: PersonArgument) -> None:
    """Close somebody's access and end their sessions."""
    _do(appointing.disable, person, "The access is closed.")


@admin.command()
def enable(person: PersonArgument) -> None:
    """Open somebody's access again."""
    _do(appointing.enable, person, "The access is open.")


@admin.command("reset-second-factor")
def reset_second_factor(person: PersonArgument) -> None:
    """Take lost passkeys, app and recovery codes away; the next sign-in by mail sets up new ones."""
    _do(appointing.reset_second_factor, person, "The second factors are removed.")


@admin.command()
def checkpoint() -> None:
    """Print the signed head of the site log. Keep it elsewhere: it shows later whether the end was cut off."""
    with _desk() as desk, reading(desk.engine) as session:
        say(trail.checkpoint(desk, session).rstrip("\n"))


@admin.command("verify-trail")
def verify_trail(
    known: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="A head that was kept; one or several times.")
    ] = None,
) -> None:
    """Check the whole site log: every entry, the tree, every signature. Exit code 1 if it was changed."""
    with _desk() as desk:
        notes = [read_text_file(str(path), CHECKPOINT_BYTES_MAX) for path in known or ()]
        try:
            with reading(desk.engine) as session:
                deeds = trail.verify_trail(session, desk.trail_origin, desk.keys.log.public_key, notes)
        except TrailBroken as error:
            say(f"REFUTED: {error}")
            raise typer.Exit(ExitCode.REFUTED) from error
        say(f"VERIFIED: {deeds} deeds, unchanged since they were signed.")
        if not notes:
            say("Without a checkpoint that was kept elsewhere (--checkpoint), a cut end cannot be seen.")


@contextmanager
def _desk() -> Iterator[Desk]:
    with site() as (settings, engine):
        yield open_desk(engine, settings.secrets, settings.base_url, settings.assurance)


def _do(verb: appointing.Verb, person: str, done: str) -> None:
    with _desk() as desk:
        with writing(desk.engine) as session:
            verb(desk, session, CONSOLE, person)
        say(done)
