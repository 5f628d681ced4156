"""README's pictures: after ``make run``, ``python -m docs.site.picture`` writes report.png and dashboard.png."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
#: Milliseconds in which plotly draws anew for another width.
SETTLES = 2000
REPORT = ROOT / "build" / "run.html"
IMAGES = ROOT / "docs" / "images"
SIZE: ViewportSize = {"width": 1200, "height": 1000}
#: As wide as people open a dashboard.
WIDE: ViewportSize = {"width": 1560, "height": 1000}


def main() -> None:
    """Save a picture of the top of the last run's report, and one of its dashboard, as Chromium shows them."""
    report = Path(sys.argv[1]) if len(sys.argv) > 1 else REPORT
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(report.absolute().as_uri(), wait_until="networkidle")
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=IMAGES / "report.png")
        page.set_viewport_size(WIDE)
        page.wait_for_timeout(SETTLES)
        page.locator("#dashboard").screenshot(path=IMAGES / "dashboard.png")
        browser.close()


if __name__ == "__main__":
    main()
