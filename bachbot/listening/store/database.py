"""The database behind the store: SQLite, or PostgreSQL by its address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bachbot.errors import OutputError, UsageError
from bachbot.extras import extra_error

CONNECTIONS = 8
"""At once; one process serves the site."""

_WAIT = 30
"""Seconds that a connection waits for its turn."""

_SQLITE = (
    "PRAGMA journal_mode = WAL",
    # What was committed is on the disk, whatever becomes of the process or the machine.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {_WAIT * 1000}",
)
_POSTGRESQL = ("SET synchronous_commit = on", "SET TIME ZONE 'UTC'")

_EXAMPLES = "sqlite:///answers.db or postgresql://user@host/name"


def connect(url: str) -> Engine:
    """Open a database.

    Parameters
    ----------
    url : str
        ``sqlite:///answers.db`` or ``postgresql://user:password@host/name``.

    Raises
    ------
    UsageError
        If the address is none of those.
    MissingExtraError
        If PostgreSQL's driver is not installed.
    """
    address = _address(url)
    options: dict[str, object] = {"pool_size": CONNECTIONS, "max_overflow": 0}
    if address.get_backend_name() == "postgresql":
        # A database that was started anew in between is no reason to refuse an answer.
        options["pool_pre_ping"] = True
    engine = create_engine(address, pool_timeout=_WAIT, **options)
    first = _SQLITE if is_sqlite(engine) else _POSTGRESQL

    @event.listens_for(engine, "connect")
    def _(connection: DBAPIConnection, _record: object) -> None:
        if is_sqlite(engine):
            connection.isolation_level = None
        cursor = connection.cursor()
        for statement in first:
            cursor.execute(statement)
        cursor.close()
        if not is_sqlite(engine):
            connection.commit()

    if is_sqlite(engine):
        event.listen(engine, "begin", _begin)
    return engine


def is_sqlite(engine: Engine) -> bool:
    """Whether one writer at a time is all that the database has."""
    return engine.dialect.name == "sqlite"


def upgrade(engine: Engine) -> None:
    """Make the tables what this version wants them to be, or leave them if they are.

    Raises
    ------
    UsageError
        If the database cannot be opened, or is of a later version.
    """
    with (
        _opening(engine),
        engine.connect().execution_options(writing=True) as connection,
        connection.begin(),
    ):
        if not is_sqlite(engine):
            # Two servers that start at once: the second waits, and finds all done.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1685)")
        if _revision(connection) == _head():
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(engine: Engine) -> None:
    """Check that the tables are what this version wants, changing nothing.

    Raises
    ------
    UsageError
        If the database cannot be opened, or has no such tables.
    """
    name = engine.url.database
    if is_sqlite(engine) and not (name and Path(name).is_file()):
        raise UsageError(f"there is no database {name}: give that of 'bachbot listen serve'")
    with _opening(engine), engine.connect() as connection:
        if _revision(connection) != _head():
            raise UsageError(
                f"{shown(engine)} holds no answers that this version reads: give a database of "
                "'bachbot listen serve', served once by this version"
            )


@contextmanager
def working() -> Iterator[None]:
    """Whatever goes wrong with an open database is told in one line.

    Raises
    ------
    OutputError
        If the database did not do what it was asked.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise OutputError(
            f"the database did not take it ({_first_line(error)}): see that it runs and has room"
        ) from error


def shown(engine: Engine) -> str:
    """The database's address without its password."""
    return engine.url.render_as_string(hide_password=True)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        # It may hold a password: it is not said again.
        raise UsageError(f"that is no database's address: give {_EXAMPLES}") from error
    if address.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            # Also where the C library that it wraps is not there: the extra brings that as well.
            raise extra_error("psycopg") from error
        return address.set(drivername="postgresql+psycopg")
    if address.drivername in ("sqlite", "sqlite+pysqlite"):
        if address.database in (None, "", ":memory:") or address.query:
            raise UsageError(f"{url} names no file that lasts: give {_EXAMPLES}")
        return address
    raise UsageError(f"{address.drivername} is no database that is known: give {_EXAMPLES}")


def _begin(connection: Connection) -> None:
    """A transaction that will write takes its turn at once: it cannot be refused later on."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _opening(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, NoSuchModuleError) as error:
        raise UsageError(
            f"the database {shown(engine)} could not be opened ({_first_line(error)}): "
            f"give {_EXAMPLES}"
        ) from error


def _revision(connection: Connection) -> str | None:
    """The step that the tables are at; none where there are none.

    Raises
    ------
    UsageError
        If the step is not known.
    """
    found = MigrationContext.configure(connection).get_current_revision()
    known = {s.revision for s in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise UsageError(
            f"the database is at step {found}, which this version does not know: "
            "use the version of bachbot that made it, or a later one"
        )
    return found


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _first_line(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(error).__name__])[0]
