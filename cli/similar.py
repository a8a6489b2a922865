"""`psephos similar`: the vectors by which similar petitions are found, where a site has named a model."""

from typing import Annotated

import typer

from cli.output import UnusableInput, say
from cli.site import site
from storage.session import writing
from web.sense import MODEL, open_sense, words_of

similar = typer.Typer(
    name="similar",
    help="Similar petitions by their sense. Settings as for `psephos serve`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@similar.callback()
def similar_() -> None:
    """Similar petitions by their sense."""


@similar.command()
def index(
    forget_others: Annotated[
        bool, typer.Option("--forget-others", help="Delete the vectors of all other models first.")
    ] = False,
) -> None:
    """Make the vectors that are missing for the model of PSEPHOS_SIMILAR_MODEL."""
    with site() as (settings, engine):
        sense = open_sense(settings)
        if sense is None:
            raise UnusableInput(f"Set {MODEL} to the folder of a model first.")
        if forget_others:
            with writing(engine) as session:
                say(f"{sense.forget_others(session)} vectors of other models deleted.")
        say(f"{sense.fill(engine, words_of)} vectors made by {sense.embedder.name}.")
