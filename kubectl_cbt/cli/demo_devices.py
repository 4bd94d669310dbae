"""``demo devices``: write the data of a demo volume's snapshots to image files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.demo import SEED
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.options import TerminalFlags
from kubectl_cbt.cli.progress import bytes_bar, wants_progress
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.errors import OutputError, UsageError
from kubectl_cbt.system.paths import expanded
from kubectl_cbt.units import human_bytes

if TYPE_CHECKING:
    from kubectl_cbt.demo.driver.images import SnapshotImage

DEFAULT_CLAIM = "default/data"


def devices(
    context: typer.Context,
    terminal: TerminalFlags,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of the images; created if necessary.")],
    claim: Annotated[
        str, typer.Option("--claim", metavar="NAMESPACE/NAME", help="PersistentVolumeClaim of the demo cluster.")
    ] = DEFAULT_CLAIM,
    snapshot: Annotated[
        list[str] | None,
        typer.Option("--snapshot", metavar="NAME", help="Only this snapshot of the claim. Can be repeated."),
    ] = None,
    seed: Annotated[int | None, SEED] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Write all data from before the first snapshot (10 GiB per image of default/data)."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing images.")] = False,
) -> None:
    """Write the data of the demo's snapshots to sparse image files.

    Writes FOLDER/SNAPSHOT.img for each snapshot and prints its path. The same seed gives the same bytes. Two images
    differ in exactly the bytes that the demo's driver reports as changed between their snapshots.

    Of the data from before the first snapshot, only the first 4 KiB of each MiB are written, as by a file system that
    preallocates: for default/data 5.3 GiB instead of 46. Deltas are not affected. Allocated extents cover ranges that
    are zero, so comparing them with an image shows over-reporting.

    \b
    Examples:
      kubectl cbt demo devices /tmp/demo
      kubectl cbt demo devices /tmp/demo --snapshot snap-a --snapshot snap-b
      kubectl cbt demo devices /tmp/demo --claim shop/postgres --snapshot pg-mon
    """
    if not folder:
        raise UsageError("FOLDER is empty")
    images = _images(claim, snapshot or [], context.obj[0] if seed is None else seed, full=full)
    place = _created(expanded(folder))
    paths = {name: place / f"{name}.img" for name in images}
    if (taken := next(filter(os.path.lexists, paths.values()), None)) and not force:
        raise UsageError(f"{taken} exists", hint="use --force to overwrite it, or another folder")
    needed_bytes = _needed_bytes(images.values(), place)
    diagnostics = Diagnostics(quiet=terminal.quiet)
    with bytes_bar(needed_bytes, diagnostics, shown=wants_progress(quiet=terminal.quiet, prints_rows=False)) as advance:
        for name, image in images.items():
            _write_image(image, paths[name], advance)
    # The name of the folder may be any bytes.
    StandardOutput().write(b"".join(os.fsencode(path) + b"\n" for path in paths.values()))


def _images(claim: str, names: list[str], seed: int, *, full: bool) -> dict[str, SnapshotImage]:
    """By name of the snapshot, in the order of the snapshots."""
    from kubectl_cbt.demo.driver.images import SnapshotImage
    from kubectl_cbt.demo.scenarios import demo_volumes

    volumes = {f"{volume.namespace}/{volume.claim}": volume for volume in demo_volumes(seed)}
    if claim not in volumes:
        raise UsageError(f"--claim: the demo has no claim {claim!r}", hint=f"one of {', '.join(volumes)}")
    demo = volumes[claim]
    known = [snapshot.name for snapshot in demo.snapshots]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"--snapshot: {claim} has no snapshot {unknown[0]!r}", hint=f"one of {', '.join(known)}")
    return {
        snapshot.name: SnapshotImage(demo.volume, snapshot.generation, full=full)
        for snapshot in demo.snapshots
        if not names or snapshot.name in names
    }


def _created(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"FOLDER: {folder} is a file") from None
    except OSError as error:
        raise OutputError(f"cannot create {folder}: {error.strerror}") from error
    return folder


def _needed_bytes(images: Iterable[SnapshotImage], folder: Path) -> int:
    """What the images occupy together.

    Raises:
        OutputError: the folder's file system has less space.
    """
    needed, free = sum(image.data_bytes() for image in images), shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"the images need {human_bytes(needed)}, and {folder} has {human_bytes(free)} free",
            hint="use another folder, select snapshots with --snapshot, or omit --full",
        )
    return needed


def _write_image(image: SnapshotImage, path: Path, advance: Callable[[int], None]) -> None:
    """Write an image in a temporary folder and move it to its place, so that there is never half an image."""
    from kubectl_cbt.system.cleanup import temporary_folder

    try:
        with temporary_folder(".kubectl-cbt-", path.parent) as folder:
            partial = folder / path.name
            with partial.open("xb", buffering=0) as file:
                image.write(file.fileno(), advance)
            partial.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
