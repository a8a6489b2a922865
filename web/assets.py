"""Static files: read once, addressed by the hash of their content, sent compressed, kept by browsers for a year."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Whatever is not listed here is not served."""
ALREADY_COMPRESSED: Final = frozenset({".woff2", ".png"})
IMMUTABLE: Final = "public, max-age=31536000, immutable"


class MissingAsset(LookupError):
    """A page asks for a static file that is not there; the build is incomplete."""


@dataclass(frozen=True)
class Asset:
    """One file as it goes over the wire."""

    content: bytes
    compressed: bytes | None
    media_type: str
    version: str


class Assets:
    """All files below a folder, by their path in it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, Asset] = {}
        found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in TYPES]
        for path in sorted(
            found, key=lambda path: path.suffix == ".css"
        ):  # fonts first: style sheets name them
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            if path.suffix == ".css":
                content = self._with_versions(content.decode()).encode()
            packed = None if path.suffix in ALREADY_COMPRESSED else gzip.compress(content, 9, mtime=0)
            self._files[name] = Asset(
                content, packed, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12]
            )

    def names(self) -> frozenset[str]:
        """Every file that is served."""
        return frozenset(self._files)

    def url(self, name: str) -> str:
        """The address of `name`, which changes with its content. Raises: MissingAsset."""
        return f"/static/{name}?v={self.get(name).version}"

    def get(self, name: str) -> Asset:
        """The file itself. Raises: MissingAsset."""
        try:
            return self._files[name]
        except KeyError:
            raise MissingAsset(f"There is no static file {name}.") from None

    def respond(self, request: Request, name: str) -> Response:
        """The answer to GET /static/{name}. Raises: MissingAsset."""
        asset = self.get(name)
        fresh = request.query_params.get("v") == asset.version
        headers = {
            "Cache-Control": IMMUTABLE if fresh else "no-cache",
            "ETag": f'"{asset.version}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        body = asset.content
        if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = asset.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=asset.media_type, headers=headers)

    def _with_versions(self, css: str) -> str:
        return re.sub(r"url\((fonts/[^)]+)\)", lambda found: f"url({self.url(found[1])})", css)


@cache
def site_assets() -> Assets:
    """Those of the site, read and compressed once in a process."""
    return Assets()
