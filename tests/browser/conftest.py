"""A real browser, headless: Debian's chromium, driven by Selenium. `make test-web` runs these tests."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.agent.web.conftest import PASSWORD, log, own_log, password_hash, serve  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

WAIT_S = 60
"""Longest wait for what a page does, in seconds."""
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
TOOLS = ("chromium", "chromedriver")


@dataclass(frozen=True)
class Browser:
    """A browser that remembers what its pages complained about and asked for."""

    driver: WebDriver
    base: str

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def find(self, selector: str) -> WebElement:
        """Return an element, once it is there and shown."""
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.expected_conditions import visibility_of_element_located
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, WAIT_S).until(visibility_of_element_located((By.CSS_SELECTOR, selector)))

    def wait_for(self, script: str) -> None:
        """Wait until an expression of JavaScript is true."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, WAIT_S).until(lambda _: self.run(f"return {script}"), script)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)  # type: ignore[no-untyped-call]

    def type(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag on an element, from one place to another one, both in shares of its width and height."""
        from selenium.webdriver.common.action_chains import ActionChains

        element = self.find(selector)
        width, height = element.size["width"], element.size["height"]
        places = [(round((x - 0.5) * width), round((y - 0.5) * height)) for x, y in (start, end)]
        (x, y), (end_x, end_y) = places
        actions = ActionChains(self.driver).move_to_element_with_offset(element, x, y).click_and_hold()
        actions.move_by_offset(end_x - x, end_y - y).release().perform()

    def look_like(self, size: str, theme: str) -> None:
        """Take the size of a phone or a desktop, and a theme."""
        width, height = SIZES[size]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def complaints(self) -> list[str]:
        """Return what is new on the console."""
        return [str(entry["message"]) for entry in _log(self.driver, "browser")]

    def requests(self) -> set[str]:
        """Return the addresses of all new requests, those that were refused as well."""
        messages = (json.loads(entry["message"])["message"] for entry in _log(self.driver, "performance"))
        return {one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"}

    def log_in(self) -> None:
        self.open("/")
        self.find("#password").send_keys(PASSWORD + "\n")
        self.find("nav")


def _log(driver: WebDriver, name: str) -> list[dict[str, Any]]:
    """Return what is new in a log of the browser."""
    return cast(list[dict[str, Any]], driver.get_log(name))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def driver() -> Iterator[WebDriver]:
    if "DIGIT_BROWSER" not in os.environ:
        pytest.skip("needs a browser; 'make test-web' runs it")
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"{' and '.join(missing)} not installed (apt: chromium chromium-driver)")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which(TOOLS[0]) or ""
    # Root may not use the sandbox; a container's /dev/shm is small.
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options, Service(shutil.which(TOOLS[1])))
    yield chrome
    chrome.quit()


@pytest.fixture
def browse(driver: WebDriver, serve: object) -> Iterator[Any]:  # noqa: F811
    """Return a function that opens a browser at a port; at the end, no page may have complained or gone elsewhere.

    It takes `serve`, so that the browser leaves before the server ends.
    """
    opened = list[Browser]()

    def start(port: int) -> Browser:
        opened.append(Browser(driver, f"http://127.0.0.1:{port}"))
        return opened[-1]

    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    _log(driver, "browser")
    yield start
    driver.get("about:blank")
    for browser in opened:
        assert browser.complaints() == []
        own = (browser.base + "/", "data:", "about:")
        assert [url for url in browser.requests() if not url.startswith(own)] == []
