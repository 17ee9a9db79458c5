"""A made-up test, served within this process, on each kind of database."""

import asyncio

import pytest
from postgres_made import new_postgresql
from served_made import SECRET, Served
from site_made import TOKEN, Clock, field_of, make_test

from bachbot.listening.site.server import create_app
from bachbot.listening.site.site_context import SiteSettings
from bachbot.listening.site.stimuli import load_stimuli
from bachbot.listening.store.answer_store import AnswerStore


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The trials of a made-up test, and its key."""
    folder = tmp_path_factory.mktemp("listening") / "test"
    return load_stimuli(folder, make_test(folder))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request, tmp_path):
    """Address of an empty database."""
    if request.param == "postgresql":
        return new_postgresql()
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def store(database):
    """A store on it."""
    opened = AnswerStore.open(database)
    yield opened
    opened.close()


@pytest.fixture
def runner():
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def serve(made, store, runner):
    """Make a site with some settings."""

    def serving(secret=SECRET, **settings):
        clock = Clock()
        chosen = SiteSettings(**{"admin_token": TOKEN} | settings)
        return Served(store, made, create_app(made, store, secret, chosen, clock), runner, clock)

    return serving


@pytest.fixture
def site(serve):
    """A site with default settings."""
    return serve()


@pytest.fixture
def listener(site):
    """A participant of it."""
    return site.listener()


@pytest.fixture
def halfway(site):
    """A participant who has answered one trial and opened the second."""
    listener = site.listener()
    listener.begin()
    listener.answer(1)
    listener.trial = field_of(listener.look(2), "trial")
    return listener
