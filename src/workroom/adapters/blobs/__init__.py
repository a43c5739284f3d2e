"""Places for files: a folder, and memory."""

from workroom.adapters.blobs.folder import FolderBlobs
from workroom.adapters.blobs.memory import MemoryBlobs

__all__ = ["FolderBlobs", "MemoryBlobs"]
