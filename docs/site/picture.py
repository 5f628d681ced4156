"""README's picture of the report: ``python -m docs.site.picture`` after ``make run`` writes docs/images/report.png."""

import shutil
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "build" / "run.html"
PICTURE = ROOT / "docs" / "images" / "report.png"
SIZE: ViewportSize = {"width": 1200, "height": 1000}


def main() -> None:
    """Save a picture of the top of the last run's report, as Chromium shows it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(REPORT.as_uri(), wait_until="networkidle")
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
