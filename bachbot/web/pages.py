"""The templates and the files that the pages need, all from this package."""

import hashlib
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Pages:
    """Fills in templates, and holds the files beside them."""

    def __init__(self) -> None:
        self._files = {p.name: p.read_bytes() for p in sorted((_HERE / "static").iterdir())}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = self._address

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page.

        Parameters
        ----------
        template : str
            Its name without ``.html``.
        status : int
            Of HTTP.
        **values
            What the template asks for.
        """
        text = self._environment.get_template(f"{template}.html").render(values)
        return HTMLResponse(text, status_code=status)

    def refusal(self, status: int, message: str) -> HTMLResponse:
        """A page that says why something was not done."""
        title = HTTPStatus(status).phrase
        return self.page("refused", status, title=title, code=status, message=message)

    def file(self, name: str) -> Response | None:
        """A file beside the templates, or none."""
        content = self._files.get(name)
        if content is None:
            return None
        # Its address changes with its content, so it may be kept for good.
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(content, media_type=_TYPES[Path(name).suffix], headers=kept)

    def _address(self, name: str) -> str:
        return f"/static/{name}?{hashlib.sha256(self._files[name]).hexdigest()[:12]}"
