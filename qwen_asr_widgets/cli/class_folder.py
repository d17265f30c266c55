"""What JupyterLab shows a class: the course as it is, and of what somebody has changed the own copy.

JupyterLab imports this module by its name (``qwen-asr-widgets lab --class``); it needs the extra ``lab``.
"""

from __future__ import annotations

import os
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Unicode


class ClassFolder(AsyncLargeFileManager):
    """A folder of one's own over the course: what is not there is read from the course, which nobody writes.

    The first change of a notebook makes the copy; deleting the copy brings the course's notebook back.
    """

    course = Unicode(help="The folder with the course's notebooks.").tag(config=True)

    @cached_property
    def _course(self) -> AsyncLargeFileManager:
        return AsyncLargeFileManager(parent=self, root_dir=self.course)

    async def _is_unchanged(self, path: str) -> bool:
        """Tell whether a file or folder is the course's alone."""
        if await super().file_exists(path) or await super().dir_exists(path):
            return False
        return bool(await self._course.file_exists(path) or await self._course.dir_exists(path))

    async def get(
        self, path: str, content: bool = True, type: Any = None, format: Any = None,
        require_hash: bool = False,
    ) -> Any:
        """Return a file or folder: one's own, else the course's; a folder lists both."""
        if await self._is_unchanged(path):
            return {**await self._course.get(path, content, type, format, require_hash), "writable": True}
        model = await super().get(path, content, type, format, require_hash)
        if content and model["type"] == "directory" and await self._course.dir_exists(path):
            own = {each["name"] for each in model["content"]}
            others = (await self._course.get(path))["content"]
            model["content"] += [each for each in others if self._is_shown(each) and each["name"] not in own]
        return model

    @staticmethod
    def _is_shown(model: Any) -> bool:
        """Tell whether it is a notebook, or the folder with the Chinese ones."""
        return model["type"] == "notebook" or model["name"] == "zh"

    async def file_exists(self, path: str) -> bool:
        """Tell whether there is such a file, one's own or the course's."""
        return bool(await super().file_exists(path) or await self._course.file_exists(path))

    async def dir_exists(self, path: str) -> bool:
        """Tell whether there is such a folder, one's own or the course's."""
        return bool(await super().dir_exists(path) or await self._course.dir_exists(path))

    async def create_checkpoint(self, path: str) -> Any:
        """Return the state to go back to: JupyterLab asks for one when a notebook is opened, not changed."""
        if await self._is_unchanged(path):
            model = await self._course.get(path, content=False)
            return {"id": "checkpoint", "last_modified": model["last_modified"]}
        return await super().create_checkpoint(path)

    async def save(self, model: Any, path: str = "") -> Any:
        """Save into one's own folder; what was the course's alone is copied there first."""
        if await self._is_unchanged(path) and await self._course.file_exists(path):
            copied = Path(self.root_dir, *path.strip("/").split("/"))
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(os.path.join(self.course, path.strip("/")), copied)
        return await super().save(model, path)
