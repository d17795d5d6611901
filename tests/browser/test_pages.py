"""Each page in a real browser: on a phone and a desktop, light and dark, for eyes, keyboards and screen readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest

from agent.forms.record import Record, RecordField
from agent.web.credentials import PasswordHash
from agent.web.live_view import LiveView
from agent.web.markup import TITLES
from tests.agent.capture.test_controls import BRIGHTNESS, FakeKernel
from tests.agent.web.conftest import INFO, MARKUP, PICTURES, READINGS, Site, own_config
from tests.agent.web.test_live import make_event
from tests.browser.conftest import SIZES, Browser
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
Keys = pytest.importorskip("selenium.webdriver").Keys
Browse = Callable[[int], Browser]
SHOWN_IN_LOG = ["/readings", "/review", "/board"]


@pytest.fixture
def view() -> LiveView:
    view = LiveView(lambda: INFO)
    view.take(make_event(0, MARKUP))
    return view


@pytest.fixture
def browser(browse: Browse, serve: Callable[..., Site], own_log: Path, view: LiveView) -> Iterator[Browser]:
    """A log beside a run that stands still."""
    yield browse(serve(live=view, path=own_log).port)
    view.close()


@pytest.mark.parametrize(("size", "theme"), list(product(SIZES, ("light", "dark"))))
def test_each_page_fits_and_has_no_serious_fault_for_anybody(browser: Browser, size: str, theme: str) -> None:
    """axe-core finds what hinders people who use a keyboard or a screen reader, or see little contrast."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text()
    browser.look_like(size, theme)
    for path in TITLES:
        browser.open(path)
        browser.find("h1")
        if path == "/review":
            browser.find("#accept")
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        browser.run(axe)
        found = browser.driver.execute_async_script("axe.run().then(arguments[0])")
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        assert [(path, one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []


def test_layers_are_switched_by_a_tap(browser: Browser) -> None:
    browser.open("/")
    browser.wait_for("document.getElementById('picture').naturalWidth === 320")
    browser.find("#layers input[value=ink]").click()
    browser.wait_for("document.getElementById('picture').src.includes('layers=read,ink&')")
    browser.wait_for("document.getElementById('picture').naturalWidth === 320")


def test_a_control_of_the_camera_is_set_at_once_and_kept_when_it_is_saved(
    browse: Browse, serve: Callable[..., Site], view: LiveView, password_hash: PasswordHash, tmp_path: Path
) -> None:
    kernel, file, device = FakeKernel(), tmp_path / "config.toml", tmp_path / "video0"
    device.touch()
    config = replace(own_config(file), device=lambda: str(device), ioctl=kernel)
    browser = browse(serve(password_hash, view, config=config).port)
    browser.log_in()
    browser.open("/setup")
    browser.find("#control-brightness").send_keys(Keys.RIGHT)
    browser.wait_for("document.getElementById('option-control').value === 'brightness=129'")
    assert kernel.written == [(BRIGHTNESS, 129)]
    browser.find("#save").click()
    browser.wait_for("document.getElementById('said').textContent === 'Saved, and in use.'")
    assert file.read_text() == 'control = "brightness=129"\n'
    browser.find("#control-brightness").send_keys(Keys.RIGHT)
    browser.wait_for("document.getElementById('option-control').value === 'brightness=130'")
    browser.find("#reset").click()
    browser.wait_for("document.getElementById('option-control').value === 'brightness=129'")
    wait_until(lambda: kernel.written[-1] == (BRIGHTNESS, 129))  # the camera has what is kept
    view.close()
    assert [text for text in browser.complaints() if "401" not in text] == []


def test_markup_is_shown_as_text(browser: Browser) -> None:
    browser.open("/")
    assert browser.find("#last b").text == MARKUP
    browser.open("/readings?text=script")
    assert browser.find("#rows b").text == MARKUP


def test_a_record_of_a_sheet_is_shown(browser: Browser, view: LiveView) -> None:
    field = RecordField("total", Decimal("12.50"), "12.50", "12.50", 0.5, (), ())
    browser.open("/")
    view.take(replace(make_event(1), records=(Record("delivery", (field,)),)))
    assert browser.find("#last .fields").text.split("\n") == ["total", "12.50 (to check)"]


def test_readings_go_on_without_end(browser: Browser) -> None:
    browser.open("/readings")
    browser.find("#rows li")
    scrolled = "document.getElementById('older')?.scrollIntoView()"
    browser.wait_for(f"({scrolled}, document.querySelectorAll('#rows > li').length === {READINGS})")


def test_the_picture_of_a_reading_is_shown(browser: Browser) -> None:
    browser.open("/readings")
    browser.find("#rows img")
    browser.wait_for("document.querySelector('#rows img').naturalWidth === 160")


def test_a_thousand_readings_an_hour_can_be_reviewed_by_keyboard(browser: Browser) -> None:
    browser.open("/review")
    first = browser.find("#text").get_attribute("value")
    assert first == str(7 * (READINGS - 1) % 1000)
    browser.type("\n")  # right as it is
    browser.wait_for(f"document.getElementById('text').value === '{7 * (READINGS - 3) % 1000}'")
    browser.type("8.5\n")
    browser.type("n")
    browser.type("c")
    browser.wait_for("document.getElementById('unsure-wrong').textContent === '2 of 3'")
    browser.wait_for("document.getElementById('unsure-waiting').textContent === '16'")
    browser.type("u")
    browser.wait_for("document.getElementById('unsure-waiting').textContent === '17'")
    browser.type("u")
    browser.wait_for("document.getElementById('unsure-wrong').textContent === '1 of 2'")
    browser.open("/readings?text=" + str(7 * (READINGS - 3) % 1000))
    assert browser.find("#rows .corrected").text == "is 8.5"


def test_all_waiting_readings_are_offered_once(browser: Browser) -> None:
    browser.open("/review")
    browser.find("#accept")
    for left in range(PICTURES - 1, -1, -1):
        browser.find("#accept")
        browser.type("c")
        browser.wait_for(
            "Number(document.getElementById('unsure-waiting').textContent) + "
            f"Number(document.getElementById('sample-waiting').textContent) === {left}"
        )
    assert "Nothing waits" in browser.find("#done").text


def test_two_people_who_correct_one_reading_are_both_served(browser: Browser, browse: Browse) -> None:
    browser.open("/review")
    browser.find("#text")
    number = READINGS
    browser.run(
        "return fetch('/api/v1/corrections', {method: 'POST', body: JSON.stringify("
        f"{{reading: {number}, verdict: 'number', text: '77'}})}}).then((answer) => answer.status)"
    )
    browser.type("5\n")
    browser.wait_for("document.getElementById('said').textContent.includes('it says 77')")
    assert browser.find("#text").get_attribute("value") == str(7 * (READINGS - 3) % 1000)
    # The browser itself reports the conflict on its console; nothing else may be there.
    assert [text for text in browser.complaints() if "409" not in text] == []


def test_people_log_in_and_out(browse: Browse, serve: Callable[..., Site], password_hash: PasswordHash) -> None:
    browser = browse(serve(password_hash).port)
    browser.log_in()
    assert browser.find("h1").text == "Readings"
    browser.find("header button").click()
    browser.find("#password")
    browser.open("/board")
    browser.find("#password").send_keys("wrong\n")
    assert browser.find(".alert").text == "That is not the password."
    assert [text for text in browser.complaints() if "401" not in text] == []
