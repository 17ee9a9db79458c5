"""Addresses of databases, and tables that are brought up to date."""

import sqlite3
import sys

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres_made import new_postgresql
from sqlalchemy import inspect, text

from bachbot.errors import MissingExtraError, UsageError
from bachbot.listening.store.database import connect, upgrade
from bachbot.listening.store.schema import metadata
from bachbot.listening.store.store import Store, read


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "postgresql":
        return new_postgresql()
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def engine(database):
    made = connect(database)
    yield made
    made.dispose()


def test_the_steps_lead_to_the_tables(engine):
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            checks = {c["name"] for c in inspector.get_check_constraints(table.name)}
            named = {check.name for column in table.columns for check in column.constraints}
            assert checks == named
            assert inspector.get_pk_constraint(table.name)["name"] == table.primary_key.name


def test_a_second_time_changes_nothing(engine):
    upgrade(engine)
    with engine.connect() as connection:
        before = inspect(connection).get_table_names()
    upgrade(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == before


def test_there_and_back_again(engine):
    from alembic import command

    from bachbot.listening.store.database import _config

    upgrade(engine)
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    upgrade(engine)
    with engine.connect() as connection:
        assert "answers" in inspect(connection).get_table_names()


def test_a_later_version_is_left_alone(engine, database):
    upgrade(engine)
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for opening in (Store.open, read):
        with pytest.raises(UsageError, match="step 9999, which this version does not know"):
            opening(database)


def test_a_failed_step_leaves_nothing(engine, monkeypatch):
    made = []

    def first_only(*_, **__):
        if made:
            raise RuntimeError("in the middle")
        made.append(op.get_bind().exec_driver_sql("CREATE TABLE test (id INTEGER)"))

    monkeypatch.setattr("alembic.op.create_table", first_only)
    with pytest.raises(RuntimeError, match="in the middle"):
        upgrade(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_sqlite_waits_for_the_disk(tmp_path):
    engine = connect(f"sqlite:///{tmp_path}/answers.db")
    upgrade(engine)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    full = 2
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_postgresql_waits_for_the_disk():
    engine = connect(new_postgresql())
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    engine.dispose()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "no database's address"),
        ("mysql://host/name", "mysql is no database that is known"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite+aiosqlite:///x.db", "no database that is known"),
        ("sqlite:////nowhere/at/all/x.db", "could not be opened"),
        ("postgresql://nobody@/none?host=/nowhere", "could not be opened"),
    ],
)
def test_addresses_that_cannot_be(address, said):
    with pytest.raises(UsageError, match=said) as caught:
        Store.open(address)
    assert "\n" not in str(caught.value)


def test_a_password_is_not_told():
    with pytest.raises(UsageError) as caught:
        Store.open("postgresql://nobody:hidden@/none?host=/nowhere")
    assert "hidden" not in str(caught.value)
    with pytest.raises(UsageError) as caught:
        Store.open("postgresql:/nobody:hidden@/none")
    assert "hidden" not in str(caught.value)


def test_without_the_driver_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r'pip install "bachbot\[postgresql\]"'):
        Store.open("postgresql://host/name")


def test_reading_makes_nothing(tmp_path):
    with pytest.raises(UsageError, match="there is no database"):
        read(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_reading_what_is_no_store(tmp_path):
    path = tmp_path / "other.db"
    sqlite3.connect(path).close()
    with pytest.raises(UsageError, match="holds no answers that this version reads"):
        read(f"sqlite:///{path}")
    path.write_text(
        "this is no database at all, but long enough to look at it" * 30, encoding="utf-8"
    )
    with pytest.raises(UsageError, match="could not be opened"):
        read(f"sqlite:///{path}")
