"""A real browser from consent to thanks: Debian's Chromium, headless."""

import base64
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from server_made import serving
from site_made import TOKEN, make_test

from bachbot.listening.store.answer_store import AnswerStore

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="Chromium is not installed: apt-get install chromium chromium-driver",
    ),
]

SIZES = {"desktop": (1200, 900), "phone": (390, 844)}
SHOTS = os.environ.get("BACHBOT_SCREENSHOTS")
"""Folder for a picture of every page. Default: no pictures."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE = 60


@pytest.fixture
def seconds():
    return 0.8


@pytest.fixture
def tones(tmp_path, seconds):
    """A test of short tones."""
    folder = tmp_path / "tones" / "test"
    make_test(folder, trials=7, seconds=seconds)
    return folder


@pytest.fixture
def site(tones, tmp_path):
    """The address of a server, and that of its database."""
    database = f"sqlite:///{tmp_path}/answers.db"
    arguments = ["--database", database, "--secret", tmp_path / "secret", "--per-participant", "5"]
    with serving(tones, *arguments, "--admin-token", TOKEN) as (_, url):
        yield url, database


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def scheme():
    return "light"


@pytest.fixture
def scripts():
    return True


@pytest.fixture
def chromium(tmp_path, size, scheme, scripts):
    """A browser of that size."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path}/profile"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not scripts:
        off = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", off)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options, service)
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    yield driver
    driver.quit()


class Visit:
    """What somebody does in a browser."""

    def __init__(self, driver, url, label):
        self.driver, self.url, self.label = driver, url, label

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def wait(self, condition):
        return WebDriverWait(self.driver, PATIENCE, 0.1).until(lambda _: condition())

    def at(self, path):
        self.wait(lambda: self.driver.current_url == self.url + path)
        self.wait(lambda: self.driver.execute_script("return document.readyState") == "complete")

    def click(self, selector):
        self.find(selector).click()

    def script(self, code):
        return self.driver.execute_script(code)

    def shot(self, name):
        """A picture of the whole page, if pictures are wanted; it must never be too wide."""
        wide = self.script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} pixels too wide"
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            taken = self.driver.execute_cdp_cmd(
                "Page.captureScreenshot", {"captureBeyondViewport": True}
            )
            path = Path(SHOTS) / f"{name}-{self.label}.png"
            path.write_bytes(base64.b64decode(taken["data"]))

    def heard(self, side):
        return self.find(f'[data-side="{side}"] .heard-text').text.startswith("Heard")

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector):
        """Press the tab key until something has the focus."""
        for _ in range(60):
            if self.script(f"return document.activeElement.matches({selector!r})"):
                return
            self.keys(Keys.TAB)
        raise AssertionError(f"the tab key never comes to {selector}")


def begin(visit):
    visit.driver.get(visit.url)
    visit.shot("1-consent")
    visit.click('[name="agree"]')
    visit.click("button")
    visit.at("/about")
    visit.shot("2-about")
    visit.click('[value="26-45"]')
    visit.click('[value="advanced"]')
    visit.click("button")
    visit.at("/trial/1")


def stored(database):
    store = AnswerStore.open(database)
    answers = store.answers()
    store.close()
    return answers


def reported_left(database):
    """Segments of the left clip of the only trial, as reported to the server."""
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as answers:
        ((parts,),) = answers.execute("SELECT heard_left FROM trial_progress")
    return parts


def quiet(driver):
    """Nothing was refused by the page's own policy, nothing failed to load, no script failed."""
    return [entry["message"] for entry in driver.get_log("browser")] == []


def asked_for(driver, url):
    """Every address that the site's pages asked for; the browser's own first page asks too."""
    found = []
    for entry in driver.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        sent = event["method"] == "Network.requestWillBeSent"
        if sent and event["params"]["documentURL"].startswith(url):
            found.append(event["params"]["request"]["url"])
    return found


def test_from_consent_to_thanks(site, chromium, size):
    url, database = site
    visit = Visit(chromium, url, size)
    begin(visit)
    visit.shot("3-trial-fresh")
    for position in range(1, 6):
        visit.at(f"/trial/{position}")
        if position == 1:
            visit.click('[value="right"]')
            visit.click("button")
            visit.wait(lambda: "listen to clip A and clip B first" in visit.find("#status").text)
            visit.shot("4-trial-too-early")
        for side in ("left", "right", "left"):
            visit.script(f"document.querySelector('[data-side={side}] audio').play()")
            visit.wait(lambda side=side: visit.heard(side))
            visit.wait(lambda side=side: visit.script(
                f"return document.querySelector('[data-side={side}] audio').paused"
            ))  # fmt: skip
        visit.click('[value="right"]')
        if position == 3:
            visit.shot("5-trial-heard")
        visit.click("button")
    visit.at("/thanks")
    visit.shot("6-thanks")
    answers = stored(database)
    assert len(answers) == 5
    assert set(answers.chosen) == {"right"}
    assert set(answers.plays_left) == {2}
    assert set(answers.plays_right) == {1}
    assert answers.min_heard.min() >= 0.9
    assert answers.response_time.min() > 1.6
    assert f"{answers.correct.sum()} of 5" in visit.find(".big").text
    assert quiet(chromium)
    addresses = asked_for(chromium, url)
    assert sum("/clips/" in address for address in addresses) >= 10
    # The browser draws its own buttons from data: addresses, which go over no network.
    elsewhere = [a for a in addresses if not a.startswith((f"{url}/", "data:image/svg+xml"))]
    assert elsewhere == []


@pytest.mark.parametrize("size", ["desktop"])
def test_keyboard_only(site, chromium, size):
    url, database = site
    visit = Visit(chromium, url, size)
    chromium.get(url)
    visit.tab_to('[name="agree"]')
    visit.keys(Keys.SPACE)
    visit.tab_to("button")
    visit.keys(Keys.ENTER)
    visit.at("/about")
    visit.tab_to('[name="age"]')
    visit.keys(Keys.SPACE, Keys.ARROW_DOWN)
    visit.tab_to('[name="experience"]')
    visit.keys(Keys.SPACE)
    visit.tab_to("button")
    visit.keys(Keys.ENTER)
    for position in range(1, 6):
        visit.at(f"/trial/{position}")
        for key, side in (("a", "left"), ("b", "right")):
            visit.keys(key)
            visit.wait(lambda side=side: visit.heard(side))
        visit.keys("2")
        if position == 2:
            visit.shot("7-keyboard")
        visit.keys(Keys.ENTER)
    visit.at("/thanks")
    answers = stored(database)
    assert set(answers.chosen) == {"right"}
    assert set(answers.age) == {"18-25"}
    assert set(answers.experience) == {"novice"}
    assert quiet(chromium)


@pytest.mark.parametrize("size", ["desktop"])
def test_the_keys_can_be_turned_off(site, chromium, size):
    visit = Visit(chromium, site[0], size)
    begin(visit)
    visit.click("#use-keys")
    visit.keys("a", "2")
    assert visit.script("return [...document.querySelectorAll('audio')].every(a => a.paused)")
    assert not visit.find('[value="right"]').is_selected()
    chromium.refresh()
    assert not visit.find("#use-keys").is_selected()


@pytest.mark.parametrize("size", ["phone"])
def test_playback_is_still_there_after_reloading(site, chromium, size):
    visit = Visit(chromium, site[0], size)
    begin(visit)
    visit.keys("a")
    visit.wait(lambda: visit.heard("left"))
    visit.wait(lambda: visit.script("return document.querySelector('audio').paused"))
    # What is told to the server is told when the clip ends.
    left = '[name="heard_left"]'
    visit.wait(lambda: visit.find(left).get_attribute("value") == reported_left(site[1]))
    chromium.get(visit.url)
    visit.at("/trial/1")
    assert visit.heard("left")
    assert not visit.heard("right")
    assert visit.find('[name="plays_left"]').get_attribute("value") == "1"


@pytest.mark.parametrize("seconds", [0.5])  # so short that nobody has to wait
@pytest.mark.parametrize("scripts", [False])
@pytest.mark.parametrize("size", ["desktop"])
def test_without_javascript(site, chromium, size, scripts, seconds):
    url, database = site
    visit = Visit(chromium, url, size)
    begin(visit)
    assert not visit.find("#keys").is_displayed()
    for position in range(1, 6):
        visit.at(f"/trial/{position}")
        visit.click('[value="left"]')
        if position == 1:
            visit.click("button")
            visit.wait(lambda: "listen to both clips first" in visit.find("#problem").text)
            visit.shot("11-without-scripts")
            assert visit.find('[value="left"]').is_selected()
        visit.click('[name="listened"]')
        visit.click("button")
    visit.at("/thanks")
    answers = stored(database)
    assert len(answers) == 5
    assert set(answers.chosen) == {"left"}
    assert set(answers.plays_left) == {1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_other_pages(site, chromium, size, scheme):
    visit = Visit(chromium, site[0], f"{size}-{scheme}")
    begin(visit)
    visit.shot("3-trial-fresh")
    chromium.get(f"{site[0]}/nowhere")
    visit.shot("8-refused")
    chromium.get(f"{site[0]}/admin")
    visit.shot("9-door")
    visit.find("#token").send_keys(TOKEN, Keys.ENTER)
    visit.wait(lambda: chromium.find_elements(By.CSS_SELECTOR, "table"))
    visit.shot("10-counts")
    assert visit.find('[data-count="agreed"]').text == "1"
    log = [entry["message"] for entry in chromium.get_log("browser")]
    assert len(log) == 1
    assert "/nowhere" in log[0]
    assert "404" in log[0]
