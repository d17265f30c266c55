"""Which packages this one needs, which are installed, and whether their versions lie within its bounds.

The bounds are those of the installed metadata, as pip read them: no list here can disagree with `setup.cfg`.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from packaging.requirements import Requirement

DISTRIBUTION = "qwen-asr-widgets"
FOR_DEVELOPERS = "test"
"""The extra whose packages a user does without."""

VersionOf = Callable[[str], "str | None"]


@dataclass(frozen=True)
class Package:
    """A package that is needed here, and the version of it that is installed.

    Parameters
    ----------
    name : str
        As the metadata name it.
    bounds : str
        The versions that will do, e.g. ``">=1.1"``; empty where any will.
    version : str or None
        The installed version; None where there is none.
    fits : bool
        Whether it is installed and lies within its bounds.
    """

    name: str
    bounds: str
    version: str | None
    fits: bool

    @property
    def problem(self) -> str:
        """What is wrong with it, e.g. ``"soxr 1.0.0 does not fit (>=1.1 is needed)"``."""
        if self.version is None:
            return f"{self.name} is not installed"
        return f"{self.name} {self.version} does not fit ({self.bounds} is needed)"


def installed_version(name: str) -> str | None:
    """Return the installed version of a package, None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def needed_packages() -> list[Package]:
    """Return what the installed metadata require here, and of the extras what is installed.

    Raises
    ------
    ImportError
        This package itself was not installed by pip, so that nothing states its bounds.

    Examples
    --------
    >>> all(package.fits for package in needed_packages())
    True
    """
    try:
        known = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError as error:
        raise ImportError(
            f"{DISTRIBUTION} was not installed by pip. Run: pip install {DISTRIBUTION}"
        ) from error
    extras = known.metadata.get_all("Provides-Extra") or []
    return read_requirements(known.requires or [], extras, installed_version)


def read_requirements(lines: Iterable[str], extras: Iterable[str], version_of: VersionOf) -> list[Package]:
    """Return the packages that requirements ask for here.

    Parameters
    ----------
    lines : iterable of str
        Requirements as in metadata, e.g. ``'av>=14; extra == "media"'``.
    extras : iterable of str
        The names of the extras; those of `FOR_DEVELOPERS` do not count.
    version_of : callable
        Returns the installed version of a package, or None.

    Examples
    --------
    >>> lines = ["soxr>=1.1", 'av>=14; extra == "media"', 'winonly; sys_platform == "none"']
    >>> [package.problem for package in read_requirements(lines, ["media"], {"soxr": "1.0"}.get)]
    ['soxr 1.0 does not fit (>=1.1 is needed)']
    """
    for_users = [extra for extra in extras if extra != FOR_DEVELOPERS]
    packages: dict[str, Package] = {}
    for requirement in map(Requirement, lines):
        version = version_of(requirement.name)
        asked_for = version is not None and any(_holds(requirement, extra) for extra in for_users)
        if requirement.name != DISTRIBUTION and (asked_for or _holds(requirement, "")):
            packages.setdefault(requirement.name, _package(requirement, version))
    return list(packages.values())


def remedy(packages: Iterable[Package]) -> str:
    """Return the command that installs versions of these packages that fit."""
    return "pip install --upgrade " + " ".join(f'"{package.name}{package.bounds}"' for package in packages)


def _holds(requirement: Requirement, extra: str) -> bool:
    """Return whether a requirement is made on this platform, with this extra asked for."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _package(requirement: Requirement, version: str | None) -> Package:
    fits = version is not None and requirement.specifier.contains(version, prereleases=True)
    bounds = ",".join(sorted(map(str, requirement.specifier), reverse=True))
    return Package(requirement.name, bounds, version, fits)
