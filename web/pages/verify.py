"""How to check a vote without this site."""

from dataclasses import dataclass

from web.pages.common import Head, Warnings


@dataclass(frozen=True)
class VerifyPage:
    """Commands with this vote's own names and numbers in them."""

    head: Head
    warnings: Warnings
    bundle_name: str
    bundle_bytes: int | None
    """None while no bundle is offered."""
    size: int
    root: str
