"""Packages that only an extra of bachbot installs, and the message where one is missing.

A function that will need such a package calls `require` before it starts. If an import fails
anyway, such as that of torch at the top of a module, the command line turns it into a message by
`missing_extra`.
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
"""Import name to the package's name for pip, and the extra that installs it."""


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
    """Turn a failed import into the error that names the extra.

    Parameters
    ----------
    error : ImportError
        The exception as caught.

    Returns
    -------
    MissingExtraError or None
        None if the package does not belong to an extra, or is installed but broken.
    """
    # The import error of an installed but broken package names the missing submodule.
    if not isinstance(error, ModuleNotFoundError) or error.name not in EXTRAS:
        return None
    return extra_error(error.name)


def extra_error(module: str) -> MissingExtraError:
    """Make the error that names the extra to install for a package, a key of `EXTRAS`."""
    package, extra = EXTRAS[module]
    # This works for a checkout too: bachbot is installed, so pip only adds the extra's packages.
    return MissingExtraError(
        f'this needs {package}, which is not installed: type  pip install "bachbot[{extra}]"',
        name=module,
    )
