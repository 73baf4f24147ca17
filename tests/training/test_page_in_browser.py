"""The report in a real browser, at desktop and phone width, in both languages."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.training.runs import Runs

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDTHS = {"desktop": 1280, "phone": 390}
# What a reader would see of it: elements that reach out of the page, outside boxes that scroll.
_LOOK = """
<script>
const root = document.documentElement;
const all = [...document.querySelectorAll("body *")];
const reaches_out = element => {
  const box = element.getBoundingClientRect();
  return !element.closest(".wide, svg") && (box.right > innerWidth + 1 || box.left < -1);
};
// Not before the window has its size.
addEventListener("load", () => requestAnimationFrame(() => {
document.body.dataset.seen = JSON.stringify({
  width: innerWidth,
  page: root.scrollWidth,
  direction: getComputedStyle(document.body).direction,
  wide: all.filter(reaches_out).map(element => element.outerHTML.slice(0, 200)),
  plots: document.querySelectorAll("polyline").length,
  other: all.filter(element => element.matches("[lang]")
    && element.getAttribute("lang") !== root.lang
    && element.getClientRects().length).length,
});
}));
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("device", WIDTHS)
def test_nothing_reaches_out_of_the_page(
    runs: Runs, browser: str, tmp_path: Path, device: str, language: str
) -> None:
    page = tmp_path / "report.html"
    written = runs.models / "reports" / "shuffled.html"
    page.write_text(written.read_text("utf-8").replace("</body>", f"{_LOOK}</body>"), "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--virtual-time-budget=2000"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={WIDTHS[device]},900"]
    done = subprocess.run(
        [*command, f"{page.as_uri()}#{language}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert seen, done.stderr
    found = json.loads(html.unescape(seen[1]))
    assert found["width"] == WIDTHS[device]
    assert found["page"] <= found["width"]
    assert found["wide"] == []
    assert found["direction"] == ("rtl" if language == "ar" else "ltr")
    assert found["other"] == 0
    assert found["plots"] > 10
