"""The Dockerfile's install steps, run in a clean virtual environment."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import ROOT, run_service


def instructions(name: str) -> list[str]:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", text, re.M)


def size(folder: Path) -> float:
    """MiB of the files in `folder`, links not followed."""
    return sum(f.lstat().st_size for f in folder.rglob("*") if not f.is_dir()) / 2**20


@pytest.mark.network
@pytest.mark.slow
def test_the_image_would_serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install = next(step for step in instructions("RUN") if "pip install" in step)
    venv, image = tmp_path / "venv", tmp_path / "image"
    image.mkdir()
    for step in instructions("COPY"):
        if step.startswith("--from"):
            continue
        *sources, target = step.split()
        for source in sources:
            into = image / target / Path(source).name if target == "./" else image / target
            into.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile
            copy(ROOT / source, into)
    subprocess.run(
        ["bash", "-euc", install.replace("/venv", str(venv))], cwd=image, check=True, timeout=900
    )
    python = venv / "bin" / "python"
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True,
        check=True,
    ).stdout
    assert not {"torch", "transformers", "datasets"} & {p["name"] for p in json.loads(listed)}

    entry = json.loads(instructions("ENTRYPOINT")[0])
    with run_service([str(python), *entry[1:]], cwd=image) as service:
        answer = service.post("/classify", json={"text": "أوقفت الشرطة مهربي مخدرات."})
        assert answer.status_code == 200
        assert answer.json()["labels"]
        check = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
        environment = {"RASID_PORT": str(service.base_url.port)}
        subprocess.run([python, *check[1:]], env=environment, check=True, timeout=30)
    # The command line needs nothing more.
    classified = subprocess.run(
        [python, "-m", "serving.bulk", "--input-format", "text"],
        cwd=image,
        input="أوقفت الشرطة مهربي مخدرات.".encode(),
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    assert json.loads(classified)["result"]["labels"]
    with capsys.disabled():
        print(f"\nimage without its base: {size(venv):.0f} MiB of packages, ", end="")
        print(f"{size(image):.0f} MiB of code and model")
