"""The page in a real browser under axe, where both are there; else skipped with the reason."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from couturier.evaluate.score import score_looks
from couturier.evaluate.settings import EvaluateSettings
from couturier.generate.records import Look, append_look
from couturier.report.write import write_report

AXE = os.environ.get("AXE_CORE", "")
_RUN = (
    'axe.run(document).then(r => { const p = document.createElement("pre"); p.id = "found";'
    " p.textContent = JSON.stringify(r.violations.map(v => [v.id, v.nodes.length, v.help]));"
    " document.body.append(p) })"
)


@pytest.fixture
def page(tmp_path):
    looks = tmp_path / "looks"
    looks.mkdir()
    for number, colour in enumerate(["#2f8f46", "#c8161d"], start=1):
        picture = Image.new("RGB", (96, 96), "#f4f1ec")
        ImageDraw.Draw(picture).rectangle((30, 20, 70, 85), fill=colour)
        file = f"{number:04d}-{number}.png"
        picture.save(looks / file)
        append_look(looks, Look(file, "فستان a green dress <b>", number, {"steps": 20}, {}))
    score_looks(looks, settings=EvaluateSettings(segmenter="none", text_image=False, tower="none"))
    return write_report(looks, out=tmp_path / "report")


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
@pytest.mark.skipif(not Path(AXE).is_file(), reason="AXE_CORE does not name axe.min.js")
@pytest.mark.parametrize("width", [500, 1280])
def test_axe_finds_nothing_to_mend(page, tmp_path, width):
    checker = Path(AXE).read_text(encoding="utf-8").replace("</script", "<\\/script")
    text = page.read_text(encoding="utf-8")
    checked = tmp_path / "checked.html"
    checked.write_text(
        text.replace("</body>", f"<script>{checker}</script><script>{_RUN}</script></body>"),
        encoding="utf-8",
    )
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--window-size={width},900", "--virtual-time-budget=30000"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"file://{checked}"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found, "axe did not finish"
    assert json.loads(html.unescape(found[1])) == []
