"""Addresses of databases, and tables that are brought up to date."""

import os
import sqlite3
import stat
import sys

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres_made import new_postgresql
from sqlalchemy import inspect, text

from bachbot.errors import BachbotWarning, MissingExtraError, UsageError
from bachbot.listening.store.answer_store import AnswerStore, read_answers
from bachbot.listening.store.database import connect, create_database_file, upgrade_schema
from bachbot.listening.store.schema import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request, tmp_path):
    if request.param == "postgresql":
        return new_postgresql()
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def engine(database):
    made = connect(database)
    create_database_file(made)
    yield made
    made.dispose()


def test_migrations_create_the_tables(engine):
    upgrade_schema(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            checks = {c["name"] for c in inspector.get_check_constraints(table.name)}
            named = {check.name for column in table.columns for check in column.constraints}
            assert checks == named
            assert inspector.get_pk_constraint(table.name)["name"] == table.primary_key.name


def test_a_second_upgrade_changes_nothing(engine):
    upgrade_schema(engine)
    with engine.connect() as connection:
        before = inspect(connection).get_table_names()
    upgrade_schema(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == before


def test_downgrade_and_upgrade(engine):
    from alembic import command

    from bachbot.listening.store.database import _config

    upgrade_schema(engine)
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    upgrade_schema(engine)
    with engine.connect() as connection:
        assert "answers" in inspect(connection).get_table_names()


def test_a_later_version_is_rejected(engine, database):
    upgrade_schema(engine)
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for opening in (AnswerStore.open, read_answers):
        with pytest.raises(UsageError, match="version 9999, which this bachbot cannot read"):
            opening(database)


def test_a_failed_migration_is_rolled_back(engine, monkeypatch):
    made = []

    def first_only(*_, **__):
        if made:
            raise RuntimeError("in the middle")
        made.append(op.get_bind().exec_driver_sql("CREATE TABLE test (id INTEGER)"))

    monkeypatch.setattr("alembic.op.create_table", first_only)
    with pytest.raises(RuntimeError, match="in the middle"):
        upgrade_schema(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_sqlite_waits_for_the_disk(tmp_path):
    engine = connect(f"sqlite:///{tmp_path}/answers.db")
    upgrade_schema(engine)
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


@pytest.mark.slow
def test_postgresql_waits_for_the_disk():
    engine = connect(new_postgresql())
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "not the URL of a database"),
        ("mysql://host/name", "mysql is not a supported database"),
        ("sqlite://", "does not name a file"),
        ("sqlite:///:memory:", "does not name a file"),
        ("sqlite+aiosqlite:///x.db", "not a supported database"),
        ("sqlite:////nowhere/at/all/x.db", "could not be opened"),
        ("postgresql://nobody@/none?host=/nowhere", "could not be opened"),
    ],
)
def test_invalid_urls(url, message):
    with pytest.raises(UsageError, match=message) as caught:
        AnswerStore.open(url)
    assert "\n" not in str(caught.value)


def test_messages_do_not_contain_the_password():
    with pytest.raises(UsageError) as caught:
        AnswerStore.open("postgresql://nobody:hidden@/none?host=/nowhere")
    assert "hidden" not in str(caught.value)
    with pytest.raises(UsageError) as caught:
        AnswerStore.open("postgresql:/nobody:hidden@/none")
    assert "hidden" not in str(caught.value)


def test_a_missing_driver_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r'pip install "bachbot\[postgresql\]"'):
        AnswerStore.open("postgresql://host/name")


def test_reading_does_not_create_a_database(tmp_path):
    with pytest.raises(UsageError, match="there is no database"):
        read_answers(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_reading_another_database(tmp_path):
    path = tmp_path / "other.db"
    sqlite3.connect(path).close()
    with pytest.raises(UsageError, match="has no answers that this version can read"):
        read_answers(f"sqlite:///{path}")
    path.write_text(
        "this is no database at all, but long enough to look at it" * 30, encoding="utf-8"
    )
    with pytest.raises(UsageError, match="could not be opened"):
        read_answers(f"sqlite:///{path}")


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
class TestPrivacy:
    @pytest.fixture(autouse=True)
    def _umask(self):
        before = os.umask(0)
        yield
        os.umask(before)

    def test_all_files_of_a_new_database_are_private(self, tmp_path):
        store = AnswerStore.open(f"sqlite:///{tmp_path}/answers.db")
        store.bind("0" * 64)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        store.close()
        assert modes == dict.fromkeys(("answers.db", "answers.db-wal", "answers.db-shm"), 0o600)

    def test_a_shared_database_is_said_in_one_line_and_used(self, tmp_path):
        path = tmp_path / "answers.db"
        AnswerStore.open(f"sqlite:///{path}").close()
        path.chmod(0o644)
        with pytest.warns(BachbotWarning) as caught:
            AnswerStore.open(f"sqlite:///{path}").close()
        assert [str(w.message) for w in caught] == [
            f"other users can read the database: run 'chmod 600 {path}'"
        ]
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
