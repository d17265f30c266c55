"""Growing recordings on disk: written as they grow, found again after a crash."""

from .recovery import LeftOver, left_overs, recover, remove_old
from .writer import FOLDER, Autosave

__all__ = ["FOLDER", "Autosave", "LeftOver", "left_overs", "recover", "remove_old"]
