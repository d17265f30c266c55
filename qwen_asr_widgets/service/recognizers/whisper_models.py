"""Whisper's models for faster-whisper: which are published, how large they are, where one is, how it comes.

None is downloaded unless `fetch` is called, which the terminal and the Transcriber do once they have said
what is downloaded, how much and where to.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from ...client.recognizers import MissingModel, PublishedModel
from ...arguments import suggestion
from ...errors import RecognizerUnavailable

MODELS = (
    PublishedModel("base", "Systran/faster-whisper-base", 145_217_532),
    PublishedModel("tiny", "Systran/faster-whisper-tiny", 75_538_270),
    PublishedModel("small", "Systran/faster-whisper-small", 483_546_902),
    PublishedModel("medium", "Systran/faster-whisper-medium", 1_527_906_378),
    PublishedModel("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1_617_884_929),
    PublishedModel("large-v3", "Systran/faster-whisper-large-v3", 3_087_284_237),
    PublishedModel("tiny.en", "Systran/faster-whisper-tiny.en", 75_537_502),
    PublishedModel("base.en", "Systran/faster-whisper-base.en", 145_216_508),
    PublishedModel("small.en", "Systran/faster-whisper-small.en", 483_545_366),
    PublishedModel("medium.en", "Systran/faster-whisper-medium.en", 1_527_904_330),
    PublishedModel("large-v1", "Systran/faster-whisper-large-v1", 3_086_912_962),
    PublishedModel("large-v2", "Systran/faster-whisper-large-v2", 3_086_912_962),
    PublishedModel("large", "Systran/faster-whisper-large-v3", 3_087_284_237),
    PublishedModel("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1_617_884_929),
    PublishedModel("distil-small.en", "Systran/faster-distil-whisper-small.en"),
    PublishedModel("distil-medium.en", "Systran/faster-distil-whisper-medium.en"),
    PublishedModel("distil-large-v2", "Systran/faster-distil-whisper-large-v2"),
    PublishedModel("distil-large-v3", "Systran/faster-distil-whisper-large-v3"),
    PublishedModel("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2"),
)
"""Names and repositories are those of faster-whisper 1.2.1. Sizes are those of ``model.bin``, as programs on
GitHub pin them that check what they download (read in several on 2026-11-27; nothing was downloaded for it).
Those whose name ends in ``.en`` know English alone."""

LANGUAGES = tuple((
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr "
    "bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn "
    "yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw "
    "su yue"
).split())
"""Codes of the languages that Whisper knows, in its own order; ``yue`` since large-v3."""


def published(name: str) -> PublishedModel:
    """Return a model by its name, or by its repository on huggingface.co.

    Raises
    ------
    RecognizerUnavailable
        None is published under that name.

    Examples
    --------
    >>> published("small").megabytes
    484
    """
    found = next((model for model in MODELS if model.name == name), None)
    if found is not None:
        return found
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        return PublishedModel(name, name)
    names = [model.name for model in MODELS]
    raise RecognizerUnavailable(
        f"There is no Whisper model {name!r}{suggestion(name, names) or ';'} give a folder, or one of "
        f"{', '.join(names)}."
    )


def find_folder(name: str) -> Path | None:
    """Return the folder of a model on this machine; None where it is not here.

    Parameters
    ----------
    name : str
        A folder; or the name of a model: looked for as a folder ``faster-whisper-NAME`` in the cache of
        huggingface.co's models, and where faster-whisper puts what it downloads.

    Raises
    ------
    RecognizerUnavailable
        It is a folder without a model, or there is no such model.
    """
    given = Path(name)
    if given.is_dir():
        if not (given / "model.bin").is_file():
            raise RecognizerUnavailable(
                f"The folder {name!r} holds no Whisper model for faster-whisper: model.bin is missing."
            )
        return given
    repository = published(name).repository
    copied = copied_folder(name)
    if (copied / "model.bin").is_file():
        return copied
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, "model.bin")
    return Path(found).parent if isinstance(found, str) else None


def cache_folder() -> Path:
    """Return the folder into which models are downloaded; the variable ``HF_HUB_CACHE`` names another."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def copied_folder(name: str) -> Path:
    """Return where a model is looked for that was brought from elsewhere."""
    return cache_folder() / f"faster-whisper-{name.rpartition('/')[2]}"


def missing(name: str) -> MissingModel | None:
    """Return a model that is not on this machine; None where it is.

    Raises
    ------
    RecognizerUnavailable
        It is a folder without a model, or there is no such model.
    """
    if find_folder(name) is not None:
        return None
    model = published(name)
    return MissingModel("whisper", model, str(cache_folder()), partial(fetch, model))


def fetch(model: PublishedModel) -> None:
    """Download a model by faster-whisper.

    Raises
    ------
    RecognizerUnavailable
        That failed, without a network for example; the message says how else to get it.
    """
    import faster_whisper

    try:
        faster_whisper.download_model(model.name)
    except Exception as problem:  # the hub's own errors and those of its HTTP client, which differ by version
        raise RecognizerUnavailable(
            f"The Whisper model {model.name!r} was not downloaded ({type(problem).__name__}). "
            f"{elsewhere(model)}"
        ) from problem


def elsewhere(model: PublishedModel) -> str:
    """Return how to get a model by a machine with a network: what to run there, and where to put it here."""
    folder = copied_folder(model.name)
    return (
        f"On a machine with a network run: pip install huggingface_hub && hf download {model.repository} "
        f"--local-dir {folder.name}. Then put the folder {folder.name} into {folder.parent} here, or give "
        "its path as model=…"
    )
