"""The lock files: which version of each package an environment has, and by which hashes. Standard library only."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.!+_-]+)(?: ; (?P<marker>.+))?")


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock. `marker` says on which machines it is wanted; None means on all."""

    name: str
    version: str
    marker: str | None
    hashes: list[str]


def read(lock: Path) -> list[Pin]:
    """The requirements of a lock file in their order. Raises ValueError for a line that is no pinned requirement."""
    pins = []
    text = re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text(encoding="utf-8")).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        pin, *hashes = re.split(r"\s+--hash=", line.strip())
        pinned = PINNED.fullmatch(pin)
        if not pinned:
            raise ValueError(f"{lock}: {pin!r} is no requirement of the form name==version.")
        pins.append(Pin(pinned["name"].lower(), pinned["version"], pinned["marker"], hashes))
    return pins


def differences(lock: Path) -> list[str]:
    """What this environment has otherwise than the lock says, in words; empty where nothing is."""
    wanted: dict[str, list[Pin]] = {}
    for pin in read(lock):
        wanted.setdefault(pin.name, []).append(pin)
    found = []
    for name, pins in wanted.items():
        versions = " or ".join(pin.version for pin in pins)
        try:
            installed = version(name)
        except PackageNotFoundError:
            # A package that is wanted on some machines only may rightly be absent here.
            if any(pin.marker is None for pin in pins):
                found.append(f"{name} {versions} is missing")
            continue
        if installed not in versions.split(" or "):
            found.append(f"{name} is {installed}, not {versions}")
    return found
