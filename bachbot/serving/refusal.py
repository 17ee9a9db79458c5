"""The exception that ends a request with a page."""


class RequestRefused(Exception):  # noqa: N818 - the request is at fault, not the site
    """Ends a request with a page that says why.

    Parameters
    ----------
    status : int
        HTTP status.
    message : str
        One or two sentences for the page.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
