"""All routes that are not for everybody: each room's own list, put together. A site without a desk has none of them."""

from web.access import AccessRoute
from web.routes.oidc import oidc_routes
from web.routes.sign_in import sign_in_routes


def private_routes() -> list[AccessRoute]:
    """Sign-in and everything behind it."""
    return [*sign_in_routes(), *oidc_routes()]
