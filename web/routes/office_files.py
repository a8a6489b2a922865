"""Files that go out: always to be saved, never to be run."""

from urllib.parse import quote

from starlette.responses import Response


def file_response(data: bytes, media_type: str, name: str) -> Response:
    """A download. name: as people see it; whatever a path or header could not hold is taken out of it."""
    safe = "".join(
        "_" if character in '/\\:*?"<>|' or not character.isprintable() else character for character in name
    )
    plain = safe.encode("ascii", "ignore").decode() or "file"
    charset = "; charset=utf-8" if media_type == "text/plain" else ""
    return Response(
        data,
        headers={
            "Content-Type": f"{media_type}{charset}",
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
        },
    )
