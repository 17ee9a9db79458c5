"""Connections to the database, SQLite or PostgreSQL, and the version of its tables."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from bachbot.serving.private_files import create_private_file, warn_of_shared_files

CONNECTIONS = 8
"""Largest number of connections at once; one process serves the site."""

_WAIT = 30
"""Seconds to wait for a connection or a lock."""

_SQLITE = (
    "PRAGMA journal_mode = WAL",
    # A committed transaction survives a crash of the process or the machine.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {_WAIT * 1000}",
)
_SQLITE_SUFFIXES = ("-wal", "-shm", "-journal")
"""Of the files that SQLite writes beside a database."""

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
        If the URL is not valid.
    MissingExtraError
        If PostgreSQL's driver is not installed.
    """
    address = _address(url)
    options: dict[str, object] = {"pool_size": CONNECTIONS, "max_overflow": 0}
    if address.get_backend_name() == "postgresql":
        # An answer must not fail because the database was restarted in between.
        options["pool_pre_ping"] = True
    engine = create_engine(address, pool_timeout=_WAIT, **options)
    initial = _SQLITE if is_sqlite(engine) else _POSTGRESQL

    @event.listens_for(engine, "connect")
    def _(connection: DBAPIConnection, _record: object) -> None:
        if is_sqlite(engine):
            connection.isolation_level = None
        cursor = connection.cursor()
        for statement in initial:
            cursor.execute(statement)
        cursor.close()
        if not is_sqlite(engine):
            connection.commit()

    if is_sqlite(engine):
        event.listen(engine, "begin", _begin)
    return engine


def is_sqlite(engine: Engine) -> bool:
    """Whether the database is SQLite, which allows one writer at a time."""
    return engine.dialect.name == "sqlite"


def create_database_file(engine: Engine) -> None:
    """Create the file of a SQLite database so that only its owner can read it.

    An existing file keeps its rights.

    Warns
    -----
    BachbotWarning
        If other users can read it.
    """
    if not is_sqlite(engine) or not engine.url.database:
        return
    path = Path(engine.url.database)
    # Where no file can be created, SQLite says so.
    with suppress(OSError):
        create_private_file(path)
        beside = (path.with_name(path.name + suffix) for suffix in _SQLITE_SUFFIXES)
        warn_of_shared_files("the database", [path, *beside])


def upgrade_schema(engine: Engine) -> None:
    """Create the tables or upgrade them to this version, if they are not of this version yet.

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
            # If two servers start at once, the second waits and then finds nothing left to do.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1685)")
        if _schema_version(connection) == _latest_version():
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(engine: Engine) -> None:
    """Check that the tables are of this version, without changing them.

    Raises
    ------
    UsageError
        If the database cannot be opened, or its tables are of another version.
    """
    name = engine.url.database
    if is_sqlite(engine) and not (name and Path(name).is_file()):
        raise UsageError(f"there is no database {name}: give the one of 'bachbot listen serve'")
    with _opening(engine), engine.connect() as connection:
        if _schema_version(connection) != _latest_version():
            raise UsageError(
                f"{redacted_url(engine)} has no answers that this version can read: give a "
                "database that 'bachbot listen serve' of this version has used"
            )


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn errors of the database into `OutputError` with a message of one line.

    Raises
    ------
    OutputError
        If the database fails.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise OutputError(
            f"the database failed ({_first_line(error)}): check that it is running and has space"
        ) from error


def redacted_url(engine: Engine) -> str:
    """The URL of the database without its password."""
    return engine.url.render_as_string(hide_password=True)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        # The URL may contain a password, so the message does not repeat it.
        raise UsageError(f"that is not the URL of a database: give {_EXAMPLES}") from error
    if address.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            # Also if the C library that it wraps is missing; the extra installs that too.
            raise extra_error("psycopg") from error
        return address.set(drivername="postgresql+psycopg")
    if address.drivername in ("sqlite", "sqlite+pysqlite"):
        if address.database in (None, "", ":memory:") or address.query:
            raise UsageError(f"{url} does not name a file: give {_EXAMPLES}")
        return address
    raise UsageError(f"{address.drivername} is not a supported database: give {_EXAMPLES}")


def _begin(connection: Connection) -> None:
    """Begin a transaction; one that will write locks at once, so that it cannot fail later."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _opening(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, NoSuchModuleError) as error:
        raise UsageError(
            f"the database {redacted_url(engine)} could not be opened ({_first_line(error)}): "
            f"give {_EXAMPLES}"
        ) from error


def _schema_version(connection: Connection) -> str | None:
    """The version of the tables; None if there are none.

    Raises
    ------
    UsageError
        If this version of bachbot does not know it.
    """
    found = MigrationContext.configure(connection).get_current_revision()
    known = {s.revision for s in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise UsageError(
            f"the database has tables of version {found}, which this bachbot cannot read: "
            "use the version of bachbot that made it, or a later one"
        )
    return found


def _latest_version() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _first_line(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(error).__name__])[0]
