"""Opens the lab's server in a browser, as one of its people, and tells what the browser shows.

    browser.py FOLDER

Standard input is a JSON object: `url`, `name`, `password`, and `wanted`, a text that the page must show in the end.
Leaves a picture of the page in the folder. Prints what the page says, and what the browser minded.
"""

import json
import sys
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable as clickable
from selenium.webdriver.support.ui import WebDriverWait

told = json.load(sys.stdin)
folder = Path(sys.argv[1])

options = webdriver.ChromeOptions()
for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1400,900"):
    options.add_argument(f"--{argument}")
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
browser = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def shown():
    return browser.find_element(By.TAG_NAME, "body").text


def wait_for(text):
    """Wait until the page shows a text; return whether it does."""
    try:
        WebDriverWait(browser, 60).until(lambda _: text in shown())
    except TimeoutException:
        return False
    return True


def click(text):
    """Follow a link, as soon as it is there."""
    WebDriverWait(browser, 60).until(clickable((By.LINK_TEXT, text))).click()


try:
    browser.get(told["url"])
    stranger = shown()
    # What is typed into the browser's dialog can't be typed here; the browser keeps this for the site just as well.
    browser.get(told["url"].replace("https://", f"https://{told['name']}:{told['password']}@"))
    browser.get_log("browser")
    browser.get(told["url"])
    click("default")
    click("Experiments")
    found = wait_for(told["wanted"])
    page = shown()
    browser.save_screenshot(str(folder / "experiments.png"))
    minded = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
finally:
    browser.quit()
print(json.dumps({"stranger": stranger, "found": found, "page": page, "minded": minded}))
