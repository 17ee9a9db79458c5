"""A request that is not done."""


class Refused(Exception):  # noqa: N818 - nothing went wrong on this side
    """What the page says instead.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
        One or two sentences to whoever asked.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
