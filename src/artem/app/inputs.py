"""Which pictures a command line means, and where each result goes."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artem.app.say import counted, note
from artem.core.errors import PictureError

if TYPE_CHECKING:
    from artem.core.picture import Picture


@dataclass(frozen=True)
class Job:
    """One picture's way.

    Attributes:
        source: the picture file.
        target: the file to write.
    """

    source: Path
    target: Path


def plan_jobs(
    inputs: Sequence[str],
    out: Path,
    *,
    overwrite: bool = False,
    skip_existing: bool = False,
    unfinished: Callable[[Path], bool] = lambda target: False,
) -> list[Job]:
    """Find all pictures and give each its place.

    Args:
        inputs: files; folders, searched with their subfolders; glob patterns.
        out: a file when there is one picture and this ends like one; else a folder,
            in which the pictures keep their names and subfolders.
        overwrite: results may replace files.
        skip_existing: leave out what is there already.
        unfinished: whether a file that exists is one to go on with, as if it did not.

    Raises:
        PictureError: nothing was found, or a result would land on a file that
            exists, on another result, or on one of the inputs.
    """
    from artem.core.picture import PICTURE_SUFFIXES

    found = _find(inputs, out, PICTURE_SUFFIXES)
    names_file = out.suffix.lower() in PICTURE_SUFFIXES and not out.is_dir()
    one_file = len(found) == 1 and not any(Path(text).is_dir() for text in inputs)
    if names_file and one_file:
        jobs = [Job(next(iter(found)), out)]
        own_allowed = overwrite
    elif names_file:
        raise PictureError(
            f"'{out}' is the name of one file, and there may be several pictures to write.\n"
            f"  Give a folder with -o."
        )
    else:
        if out.exists() and not out.is_dir():
            raise PictureError(f"'{out}' is a file where a folder is needed.\n  Choose another -o.")
        jobs = [Job(source, out / _result_name(below)) for source, below in found.items()]
        own_allowed = False
    _refuse_collisions(jobs)
    if not own_allowed:
        _refuse_own_inputs(jobs)
    existing = [job for job in jobs if job.target.exists() and not unfinished(job.target)]
    if skip_existing:
        return [job for job in jobs if job not in existing]
    if existing and not overwrite:
        more = f" (and {len(existing) - 1} more)" if len(existing) > 1 else ""
        raise PictureError(
            f"'{existing[0].target}' exists already{more}.\n"
            f"  Use --overwrite, or --skip-existing to go on with the others, or another -o."
        )
    return jobs


def _find(inputs: Sequence[str], out: Path, suffixes: Iterable[str]) -> dict[Path, Path]:
    """Each picture once, with its path below the input that named it."""
    found: dict[Path, Path] = {}
    seen: set[Path] = set()
    for text in inputs:
        for file, below in _expand(text, out, frozenset(suffixes)):
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                found[file] = below
    return found


def _expand(text: str, out: Path, suffixes: frozenset[str]) -> Iterator[tuple[Path, Path]]:
    path = Path(text).expanduser()
    # A file may well be called 'photo[1].jpg'.
    if path.is_dir():
        files = [
            Path(folder, name)
            for folder, _, names in sorted(os.walk(path))
            for name in sorted(names)
        ]
        root = path
    elif glob.has_magic(text) and not path.exists():
        root = _fixed_part(path)
        files = sorted(Path(name) for name in glob.glob(str(path), recursive=True))
    else:
        yield path, Path(path.name)
        return
    # Earlier results are no inputs when the output folder lies inside the input's.
    top, results = root.resolve(), out.resolve()
    nested = results != top and results.is_relative_to(top)
    pictures = [
        file
        for file in files
        if file.suffix.lower() in suffixes
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
        and not (nested and file.resolve().is_relative_to(results))
    ]
    if not pictures:
        what = f"No picture matches '{text}'" if root is not path else f"'{text}' has no pictures"
        raise PictureError(f"{what}.\n  Pictures end in: {' '.join(sorted(suffixes))}")
    for file in pictures:
        yield file, file.relative_to(root)


def _fixed_part(pattern: Path) -> Path:
    """The folders of a pattern before its first wildcard."""
    fixed = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _result_name(below: Path) -> Path:
    """The same name and format; PNG for formats that we only read."""
    from artem.core.picture import PICTURE_SUFFIXES

    suffix = below.suffix.lower()
    if suffix == ".gif":
        return below.with_suffix(".png")
    return below if suffix in PICTURE_SUFFIXES else below.with_name(f"{below.name}.png")


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    sources: dict[Path, Path] = {}
    for job in jobs:
        if job.target in sources:
            raise PictureError(
                f"'{sources[job.target]}' and '{job.source}' would both be written to "
                f"'{job.target}'.\n  Stylize them in two runs with different -o."
            )
        sources[job.target] = job.source


def _refuse_own_inputs(jobs: Sequence[Job]) -> None:
    sources = {job.source.resolve() for job in jobs}
    own = [job.target for job in jobs if job.target.resolve() in sources]
    if own:
        raise PictureError(
            f"{counted(len(own), 'result')} would replace an input, first '{own[0]}'.\n"
            f"  Choose another folder with -o."
        )


class Targets:
    """Where each result goes, now that its picture is known; says once what it changes.

    Args, but for the jobs: as in :func:`plan_jobs`.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        overwrite: bool,
        skip_existing: bool,
        unfinished: Callable[[Path], bool] = lambda target: False,
    ) -> None:
        self.taken = {job.target for job in jobs}
        self.overwrite = overwrite
        self.skip_existing = skip_existing
        self.unfinished = unfinished
        self.said: set[str] = set()

    def of(self, job: Job, picture: Picture) -> Path | None:
        """The file to write; ``None`` when it is there already and shall be left.

        Raises:
            PictureError: the result would land on a file that is needed.
        """
        from artem.core.picture import WITHOUT_ALPHA, format_of

        target = job.target
        if job.source.suffix.lower() == ".gif" and target.suffix == ".png":
            self._say_once("GIF holds too few colors for a painting; PNG is written instead.")
        file_format = format_of(target)
        if picture.alpha is None or file_format not in WITHOUT_ALPHA:
            return target
        self._say_once(f"{file_format} cannot hold transparency; PNG is written instead.")
        target = target.with_suffix(".png")
        if target in self.taken or target.resolve() == job.source.resolve():
            raise PictureError(
                f"'{job.source}' would be written to '{target}', which another picture needs.\n"
                f"  Stylize it alone, with another -o."
            )
        if not target.exists() or self.unfinished(target):
            return target
        if self.skip_existing:
            return None
        if not self.overwrite:
            raise PictureError(f"'{target}' exists already.\n  Use --overwrite, or another -o.")
        return target

    def _say_once(self, text: str) -> None:
        if text not in self.said:
            self.said.add(text)
            note(text)
