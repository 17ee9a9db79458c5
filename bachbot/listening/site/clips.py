"""Clips and the files of the pages. A name is looked up in a table; no path is made of it."""

from datetime import UTC, datetime
from email.utils import format_datetime

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from bachbot.listening.site.security import RequestRefused
from bachbot.listening.site.site import SiteOf, visitor

router = APIRouter()

# The same for all: when a clip was written might tell how it was made.
_ONCE = format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True)
_NOT_HERE = "There is nothing here."


class _Clip(FileResponse):
    """Read in one piece or two: a clip is small, and every piece waits for a thread."""

    chunk_size = 256 * 1024


@router.api_route("/clips/{name:path}", methods=["GET", "HEAD"])
async def clip(name: str, request: Request, site: SiteOf) -> Response:
    """A clip, whole or a part of it (RFC 9110, section 14)."""
    if visitor(request).name is None:
        raise RequestRefused(403, "Clips are for those who take part. Begin at the first page.")
    found = site.material.clips.get(name)
    if found is None:
        raise RequestRefused(404, _NOT_HERE)
    headers = {
        "ETag": f'"{name}"',
        "Last-Modified": _ONCE,
        "Cache-Control": "private, max-age=86400",
    }
    return _Clip(found.path, headers=headers, media_type=found.media_type)


@router.api_route("/static/{name:path}", methods=["GET", "HEAD"])
async def static(name: str, site: SiteOf) -> Response:
    """A style sheet, a script or the icon."""
    found = site.pages.file(name)
    if found is None:
        raise RequestRefused(404, _NOT_HERE)
    return found
