"""The packages that only an extra of bachbot installs, and what is said where one is missing.

A function that is going to need such a package calls `require` before it starts to work. An import
that fails all the same, such as that of torch at the head of a module, reaches the command line,
which asks `missing_extra` what to say.
"""

from importlib.util import find_spec

from bachbot.errors import MissingExtraError

EXTRAS: dict[str, tuple[str, str]] = {
    "torch": ("torch", "train"),
    "optuna": ("optuna", "train"),
    "sklearn": ("scikit-learn", "evaluate"),
    "statsmodels": ("statsmodels", "evaluate"),
    "psycopg": ("psycopg", "postgresql"),
}
"""By the name that is imported: the name that pip knows, and the extra that installs it."""


def require(module: str) -> None:
    """Check that a package of an extra is installed, without importing it.

    Parameters
    ----------
    module : str
        A key of `EXTRAS`.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    if find_spec(module) is None:
        raise extra_error(module)


def missing_extra(error: ImportError) -> MissingExtraError | None:
    """What to say of a failed import.

    Parameters
    ----------
    error : ImportError
        As it was caught.

    Returns
    -------
    MissingExtraError or None
        None if the package belongs to no extra, or is installed but broken.
    """
    # A package that is installed but lacks a part of its own gives the name of that part.
    if not isinstance(error, ModuleNotFoundError) or error.name not in EXTRAS:
        return None
    return extra_error(error.name)


def extra_error(module: str) -> MissingExtraError:
    """The error that tells which extra to install for a package, a key of `EXTRAS`."""
    package, extra = EXTRAS[module]
    # The same for a checkout: pip finds bachbot installed and adds what the extra lacks.
    return MissingExtraError(
        f'this needs {package}, which is not installed: type  pip install "bachbot[{extra}]"',
        name=module,
    )
