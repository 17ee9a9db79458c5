"""A real server process: killed, restarted, stopped, and accessed over bare sockets."""

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from server_made import serving
from site_made import Listener, field_of, make_test

from bachbot.cli import main
from bachbot.listening.store.answer_store import read_answers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """A test whose clips are so short that nobody has to wait."""
    folder = tmp_path_factory.mktemp("tones") / "test"
    make_test(folder, trials=14, seconds=0.3)
    return folder


@pytest.fixture
def arguments(database, tmp_path):
    return ["--database", database, "--secret", tmp_path / "secret"]


@pytest.fixture
def someone():
    """Make people with browsers."""
    browsers = []

    def making(url, cookies=None):
        browsers.append(httpx.Client(base_url=url, cookies=cookies, timeout=60))
        return Listener(browsers[-1])

    yield making
    for browser in browsers:
        browser.close()


def test_a_killed_server_loses_no_acknowledged_answer(tones, arguments, database, someone):
    acknowledged, lock, cookies = [], threading.Lock(), {}
    enough = threading.Event()

    def take(number):
        listener = someone(url)
        try:
            listener.begin()
            name = listener.name
            with lock:
                cookies[name] = dict(listener.browser.cookies)
            for position in range(1, 11):
                trial = field_of(listener.look(position), "trial")
                chosen = ("left", "right")[(number + position) % 2]
                if listener.send(position, trial, chosen).status_code == 303:
                    with lock:
                        acknowledged.append((name, trial, chosen))
                    if len(acknowledged) >= 40:
                        enough.set()
        except (httpx.HTTPError, AssertionError):
            assert process.poll() is not None or enough.is_set()

    with serving(tones, *arguments) as (process, url), ThreadPoolExecutor(12) as pool:
        taking = [pool.submit(take, number) for number in range(12)]
        assert enough.wait(120)
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
        for done in taking:
            done.result(120)
    kept = {(row.participant, row.trial, row.chosen) for row in read_answers(database).rows()}
    assert len(acknowledged) >= 40
    assert set(acknowledged) <= kept
    # One that was kept, its word lost on the way, is no loss: it is shown as answered.
    assert len(kept) - len(acknowledged) <= 12
    with serving(tones, *arguments) as (_, url):
        for name, jar in cookies.items():
            again = someone(url, jar)
            given = sum(1 for participant, _, _ in kept if participant == name)
            where = "/thanks" if given == 10 else f"/trial/{given + 1}"
            assert again.get("/").headers["location"] == where


def test_participants_continue_after_a_restart(tones, arguments, database, someone):
    with serving(tones, *arguments) as (process, url):
        listener = someone(url)
        listener.begin()
        for position in (1, 2, 3):
            assert listener.answer(position).status_code == 303
        trial = field_of(listener.look(4), "trial")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with serving(tones, *arguments) as (_, url):
        again = someone(url, dict(listener.browser.cookies))
        again.csrf = listener.csrf
        assert again.get("/").headers["location"] == "/trial/4"
        # The page that was open all the while still works.
        assert again.send(4, trial).headers["location"] == "/trial/5"
        for position in range(5, 11):
            again.answer(position)
        assert "of 10" in again.get("/thanks").text
    assert len(read_answers(database)) == 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_it_stops_cleanly(tones, arguments, number):
    with serving(tones, *arguments) as (process, url):
        assert httpx.get(url).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert (out, err) == ("", "")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_unnormalized_paths_are_rejected(tones, arguments, someone):
    """What clients tidy up before they send it, sent as it is."""
    with serving(tones, *arguments) as (_, url):
        listener = someone(url)
        listener.begin()
        cookie = f"listener={listener.browser.cookies['listener']}"
        for path in (
            "/clips/../../test-key.json", "/clips/..%2f..%2ftest-key.json", "/../test-key.json",
            "/clips//etc/passwd", "/static/../../cli/app.py", "/clips/%2e%2e/%2e%2e/test-key.json",
            "/clips/..\\..\\test-key.json", "/%2e%2e/secret", "/clips/\x7f", "/./.", "*",
        ):  # fmt: skip
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            connection._validate_path = lambda _: None
            connection.request("GET", path, headers={"Cookie": cookie})
            response = connection.getresponse()
            assert response.status in (400, 404), path
            assert b"bachbot-key" not in response.read()
            connection.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_malformed_http_is_rejected(tones, arguments, database):
    with serving(tones, *arguments) as (process, url):
        place = urlsplit(url)
        for garbage in (
            b"\x00" * 100, b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ):  # fmt: skip
            with socket.create_connection((place.hostname, place.port), 30) as bare:
                bare.sendall(garbage)
                answer = bare.recv(100)
            assert answer == b"" or b" 400 " in answer or b" 403 " in answer, garbage[:40]
        assert process.poll() is None
        assert httpx.get(url).status_code == 200
    assert len(read_answers(database)) == 0


@pytest.mark.skipif(os.name != "posix", reason="limits of open files are those of POSIX")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_half_open_connections_do_not_take_the_site_down(tones, arguments, someone):
    """Twice as many as the process may open files."""
    with serving(tones, *arguments, files=256) as (process, url), ExitStack() as stack:
        place = urlsplit(url)
        for _ in range(512):
            bare = stack.enter_context(socket.create_connection((place.hostname, place.port), 30))
            bare.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        listener = someone(url)
        listener.begin()
        assert listener.answer(1).status_code == 303
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_attempts_to_log_in_are_limited_whatever_is_forwarded(tones, arguments, someone):
    """The peer is 127.0.0.1, where a proxy may run that nobody named."""
    token = "a token of many characters"
    with serving(tones, *arguments, "--admin-token", token) as (_, url):
        listener = someone(url)
        listener.arrive()
        statuses = [
            listener.browser.post(
                "/admin",
                data={"csrf": listener.csrf, "token": f"guess {number}"},
                headers={"X-Forwarded-For": f"203.0.113.{number}", "Host": "a.example"},
            ).status_code
            for number in range(12)
        ]
    assert statuses == [403] * 10 + [429] * 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_named_proxy_is_believed(tones, arguments, someone):
    token = "a token of many characters"
    options = ("--admin-token", token, "--trusted-proxy", "127.0.0.1")
    with serving(tones, *arguments, *options) as (_, url):
        listener = someone(url)
        listener.arrive()

        def guess(forwarded):
            data = {"csrf": listener.csrf, "token": "a guess"}
            headers = {"X-Forwarded-For": forwarded}
            return listener.browser.post("/admin", data=data, headers=headers).status_code

        # What the client writes in front of its own address changes nothing.
        statuses = [guess(f"198.51.100.{number}, 203.0.113.5") for number in range(12)]
        assert statuses == [403] * 10 + [429] * 2
        assert guess("203.0.113.6") == 403


def test_secret_and_database_are_next_to_the_folder(tmp_path, someone):
    folder = tmp_path / "pilot"
    make_test(folder, trials=7, seconds=0.3)
    with serving(folder) as (_, url):
        listener = someone(url)
        listener.begin()
        listener.answer(1)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"pilot", "pilot-key.json", "pilot-secret", "pilot-answers.db"} <= names
    for name in ("pilot-secret", "pilot-key.json", "pilot-answers.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert not any("secret" in p.name or "key" in p.name for p in folder.rglob("*"))
    assert len(read_answers(f"sqlite:///{tmp_path}/pilot-answers.db")) == 1


def served_wrongly(capsys, *arguments):
    """The one line that it says instead of serving, and its status."""
    status = main(["listen", "serve", *map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == ""
    [line] = captured.err.splitlines()
    assert "a fault in bachbot" not in line
    return status, line


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
class TestBadInput:
    def test_no_such_folder(self, tmp_path, database, capsys):
        status, line = served_wrongly(capsys, tmp_path / "none")
        assert status == 2
        assert "could not be read" in line

    def test_the_key_of_another_test(self, tones, tmp_path, database, capsys):
        other = make_test(tmp_path / "other", trials=5, seconds=0.3)
        status, line = served_wrongly(capsys, tones, "--key", other, "--database", database)
        assert status == 2
        assert "give the key of this test" in line

    def test_the_database_of_another_test(self, tones, tmp_path, arguments, capsys):
        make_test(tmp_path / "other", trials=5, seconds=0.3)
        with serving(tmp_path / "other", *arguments):
            pass
        status, line = served_wrongly(capsys, tones, *arguments)
        assert status == 2
        assert "answers to another test" in line

    def test_a_port_that_is_taken(self, tones, arguments, capsys):
        with serving(tones, *arguments) as (_, url):
            status, line = served_wrongly(capsys, tones, *arguments, "--port", urlsplit(url).port)
        assert status == 2
        assert "give another --port" in line

    def test_a_secret_that_others_can_read(self, tones, tmp_path, arguments, capsys):
        (tmp_path / "secret").write_text("00" * 32, encoding="utf-8")
        (tmp_path / "secret").chmod(0o644)
        status, line = served_wrongly(capsys, tones, *arguments)
        assert status == 2
        assert "chmod 600" in line

    def test_an_invalid_secret(self, tones, tmp_path, arguments, capsys):
        for content in ("", "hello", "00" * 31):
            (tmp_path / "secret").write_text(content, encoding="utf-8")
            (tmp_path / "secret").chmod(0o600)
            status, line = served_wrongly(capsys, tones, *arguments)
            assert status == 2
            assert "delete it" in line

    @pytest.mark.parametrize(
        ("option", "value", "said"),
        [
            ("--admin-token", "short", "16 or more"),
            ("--min-heard", "1.5", "0.1 to 1"),
            ("--min-heard", "nan", "0.1 to 1"),
            ("--public-url", "listen.example", "https://listen.example.org"),
            ("--public-url", "https://listen.example/path", "https://listen.example.org"),
            ("--per-participant", "4", "give 5 or more"),
            ("--database", "mysql://x/y", "is not a supported database"),
            ("--host", "no.such.host.invalid", "give another"),
        ],
    )
    def test_an_invalid_setting(self, tones, arguments, option, value, said, capsys):
        status, line = served_wrongly(capsys, tones, *arguments, option, value)
        assert status == 2
        assert said in line


def test_help_imports_no_heavy_libraries():
    code = (
        "import sys; from bachbot.cli import main; main(['listen', 'serve', '--help']); "
        "print([m for m in ('fastapi', 'sqlalchemy', 'uvicorn', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--admin-token" in done.stdout


def test_concurrent_creation_gives_one_secret(tmp_path):
    from bachbot.serving.private_files import load_or_create_secret

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: load_or_create_secret(tmp_path / "secret"), range(16)))
    assert len(found) == 1
    assert len(found.pop()) == 32
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_the_secret_is_private_whatever_the_umask(tmp_path):
    from bachbot.serving.private_files import load_or_create_secret

    before = os.umask(0)
    try:
        load_or_create_secret(tmp_path / "secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_requests_in_progress_are_answered_when_it_stops(tones, tmp_path):
    """Requests in progress are finished when the server is told to stop."""
    arguments = ["--database", f"sqlite:///{tmp_path}/a.db", "--secret", tmp_path / "secret"]
    with serving(tones, *arguments) as (process, url):
        statuses, enough = [], threading.Event()

        def ask():
            try:
                while True:
                    statuses.append(httpx.get(url, timeout=30).status_code)
                    if len(statuses) == 5:
                        enough.set()
            except httpx.TransportError:
                pass

        asking = threading.Thread(target=ask)
        asking.start()
        assert enough.wait(60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        asking.join()
    assert set(statuses) <= {200, 503}
