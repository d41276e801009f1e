"""Steps on files and folders, named from the place's folder: `home/config.json`, `source/checklist.yaml`."""

from __future__ import annotations

import os
import shutil
import time
from typing import Literal

from pydantic import Field

from checks.drill.place import Place
from checks.drill.steps.step import Step


class Write(Step):
    """Write a file, over what was there."""

    path: str
    text: str = ""
    repeat: int = Field(default=1, ge=1, le=1_000_000, description="How often the text stands in it.")
    mode: str | None = Field(default=None, pattern="^0[0-7]{3}$")

    def apply(self, place: Place) -> None:
        """Write it, its folder made if need be."""
        path = place.path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place.filled(self.text) * self.repeat, encoding="utf-8")
        if self.mode:
            path.chmod(int(self.mode, 8))


class Replace(Step):
    """Put one text in another's place in files that match; raises ValueError where it stands in none of them."""

    path: str = Field(description="A file or a pattern.")
    old: str = Field(min_length=1)
    new: str = ""

    def apply(self, place: Place) -> None:
        """Replace every occurrence."""
        changed = 0
        for path in sorted(place.folder.glob(self.path)):
            text = path.read_text(encoding="utf-8")
            changed += self.old in text
            path.write_text(text.replace(self.old, self.new), encoding="utf-8")
        if not changed:
            raise ValueError(f"{self.path}: {self.old!r} stands nowhere in it")


class Pattern(Step):
    """Put a text in the place of all that a pattern matches; raises ValueError where it matches nothing."""

    path: str = Field(description="A file or a pattern.")
    old: str = Field(min_length=1, description="A regular expression of RE2.")
    new: str = ""

    def apply(self, place: Place) -> None:
        """Replace every match."""
        import re2

        changed = 0
        for path in sorted(place.folder.glob(self.path)):
            text, times = re2.subn(self.old, self.new, path.read_text(encoding="utf-8"))
            path.write_text(text, encoding="utf-8")
            changed += times
        if not changed:
            raise ValueError(f"{self.path}: nothing matches {self.old!r}")


class Append(Step):
    """Add text at a file's end."""

    path: str
    text: str
    times: int = Field(default=1, ge=1)

    def apply(self, place: Place) -> None:
        """Add it so many times."""
        with place.path(self.path).open("a", encoding="utf-8") as stream:
            stream.write(place.filled(self.text) * self.times)


class Remove(Step):
    """Take away files or folders that match; raises ValueError where nothing does."""

    path: str = Field(description="A path or a pattern.")

    def apply(self, place: Place) -> None:
        """Remove them."""
        found = sorted(place.folder.glob(self.path))
        if not found:
            raise ValueError(f"{self.path}: nothing there to remove")
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


class Mode(Step):
    """Change the permissions of files or folders that match."""

    path: str
    mode: str = Field(pattern="^0[0-7]{3}$")

    def apply(self, place: Place) -> None:
        """Change them; raises ValueError where nothing matches."""
        found = sorted(place.folder.glob(self.path))
        if not found:
            raise ValueError(f"{self.path}: nothing there")
        for path in found:
            path.chmod(int(self.mode, 8))


class Link(Step):
    """Put a link where a file or folder was, or nothing."""

    path: str
    to: str = Field(description="Where it leads, inside the place's folder.")

    def apply(self, place: Place) -> None:
        """Put it there."""
        path = place.path(self.path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(place.path(self.to))


class Copy(Step):
    """Copy a file."""

    path: str
    to: str

    def apply(self, place: Place) -> None:
        """Copy it, its times as well."""
        shutil.copy2(place.path(self.path), place.path(self.to))


class Cut(Step):
    """Cut the files that match to a share of their length, in the middle of whatever stands there."""

    path: str
    keep: float = Field(default=0.5, ge=0, lt=1)

    def apply(self, place: Place) -> None:
        """Cut them; raises ValueError where nothing matches."""
        found = sorted(place.folder.glob(self.path))
        if not found:
            raise ValueError(f"{self.path}: nothing there to cut")
        for path in found:
            os.truncate(path, int(path.stat().st_size * self.keep))


class Flip(Step):
    """Change bytes in the middle of files that match, as a bad disk does."""

    path: str
    times: int = Field(default=1, ge=1)
    at: float = Field(default=0.5, ge=0, lt=1)

    def apply(self, place: Place) -> None:
        """Change them; raises ValueError where nothing matches."""
        found = sorted(place.folder.glob(self.path))
        if not found:
            raise ValueError(f"{self.path}: nothing there to damage")
        for path in found:
            with path.open("r+b") as stream:
                begin = int(path.stat().st_size * self.at)
                stream.seek(begin)
                bytes_ = stream.read(self.times)
                stream.seek(begin)
                stream.write(bytes(byte ^ 0xFF for byte in bytes_))


class Age(Step):
    """Make a file look as old as it says."""

    path: str
    hours: float

    def apply(self, place: Place) -> None:
        """Set its times back."""
        then = time.time() - self.hours * 3600
        os.utime(place.path(self.path), (then, then))


class Make(Step):
    """Make something that is no regular file, or a folder."""

    path: str
    what: Literal["folder", "pipe"] = "folder"

    def apply(self, place: Place) -> None:
        """Make it in the place of what was there."""
        path = place.path(self.path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if self.what == "folder":
            path.mkdir(parents=True)
        else:
            os.mkfifo(path)


FILE_STEPS: dict[str, type[Step]] = {
    "write": Write,
    "replace": Replace,
    "pattern": Pattern,
    "append": Append,
    "remove": Remove,
    "mode": Mode,
    "link": Link,
    "copy": Copy,
    "cut": Cut,
    "flip": Flip,
    "age": Age,
    "make": Make,
}
