"""What a disk may hold after a loss of power: recorded calls, replayed up to any of them, without some of the last.

As in ALICE (Pillai et al., OSDI 2014): what was synced is there. Of what was not, anything may be lost: data while the
file's new name is kept, a rename while a later one is kept, a part of a write. A rename itself is atomic.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from helpers.calls import Call

NEVER = 1 << 60
Tree = dict[str, tuple[bytes, int] | None]  # {path: content and date of a file, or None of a folder}


@dataclass(eq=False)
class Node:
    """A file or a folder, whatever its names."""

    is_folder: bool
    content: bytes = b""
    time: int = 0


@dataclass(eq=False)
class Change:
    """One change of a file's content or date, or of one or two entries of folders.

    Attributes:
        at: its place among the calls.
        path: where it happened, relative to the folder.
        durable: the place of the sync after which it cannot be lost.
    """

    at: int
    path: str
    call: Call
    node: Node | None = None
    entries: list[tuple[Node, str, Node | None]] = field(default_factory=list)
    durable: int = NEVER

    @property
    def is_entry(self) -> bool:
        return self.node is None


@dataclass(frozen=True)
class State:
    """A disk after a crash: of the calls before ``at``, the ``lost`` ones did nothing, the ``torn`` ones the half."""

    at: int
    lost: frozenset[int]
    torn: frozenset[int] = frozenset()


class Disk:
    """A folder whose changes were recorded.

    Args:
        folder: the folder's path during the record.
        before: a copy of the folder before it.
        calls: what was recorded.
    """

    def __init__(self, folder: Path, before: Path, calls: Iterable[Call]) -> None:
        self._folder = str(folder.resolve())
        self._root = Node(True)
        self._begin: dict[Node, dict[str, Node]] = {}
        self._load(self._root, before)
        self._live = {node: dict(entries) for node, entries in self._begin.items()}
        self._inodes: dict[int, Node] = {}
        self.changes: list[Change] = []
        self.length = 0
        for call in calls:
            self._take(call)
            self.length += 1

    def _load(self, node: Node, path: Path) -> None:
        self._begin[node] = {}
        for entry in path.iterdir():
            child = Node(entry.is_dir())
            self._begin[node][entry.name] = child
            if child.is_folder:
                self._load(child, entry)
            else:
                child.content, child.time = entry.read_bytes(), entry.stat().st_mtime_ns

    def _find(self, path: str) -> tuple[Node, str]:
        """The folder and the name of a path, as they are while the record is read."""
        *folders, name = self._relative(path).split("/")
        node = self._root
        for part in folders:
            node = self._live[node][part]
        return node, name

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, self._folder)

    def _take(self, call: Call) -> None:
        at = self.length
        if call.what == "syncfs":
            for change in self.changes:
                change.durable = min(change.durable, at)
        elif call.what == "fsync":
            self._sync(call, at)
        elif call.what in ("write", "truncate", "date"):
            node = self._node(call)
            if node is not None:
                self.changes.append(Change(at, self._relative(call.path.removesuffix(" (deleted)")), call, node))
        else:
            self._enter(call, at)

    def _node(self, call: Call) -> Node | None:
        """The file of a call; None of one that has another name now, and was not made during the record."""
        if call.inode not in self._inodes and not call.path.endswith(" (deleted)"):
            folder, name = self._find(call.path)
            self._inodes[call.inode] = self._live[folder][name]
        return self._inodes.get(call.inode)

    def _sync(self, call: Call, at: int) -> None:
        if self._relative(call.path) == ".":
            node: Node | None = self._root
        else:
            folder, name = self._find(call.path)
            node = self._live[folder].get(name)
            if node is None or not node.is_folder:
                node = self._node(call)
        for change in self.changes:
            if change.node is node or any(folder is node for folder, _, _ in change.entries):
                change.durable = min(change.durable, at)

    def _enter(self, call: Call, at: int) -> None:
        """Take a call that changes entries of folders."""
        entries: list[tuple[Node, str, Node | None]] = []
        path = call.path or call.other
        if call.what in ("create", "mkdir"):
            node = Node(call.what == "mkdir", time=call.time)
            entries = [(*self._find(path), node)]
            if node.is_folder:
                self._live[node] = {}
            else:
                self._inodes[call.inode] = node
        elif call.what == "unlink":
            entries = [(*self._find(path), None)]
        elif call.what == "rename":
            folder, name = self._find(call.path)
            entries = [(folder, name, None), (*self._find(call.other), self._live[folder][name])]
            path = call.other
        for folder, name, entry in entries:
            if entry is None:
                self._live[folder].pop(name)
            else:
                self._live[folder][name] = entry
        self.changes.append(Change(at, self._relative(path), call, None, entries))

    def unsafe(self, at: int) -> list[Change]:
        """The changes before a place that a crash there may undo."""
        return [change for change in self.changes if change.at < at <= change.durable]

    @cached_property
    def renamed(self) -> dict[str, set[bytes]]:
        """{path: contents of the files that were given this name, each as it was at that moment}."""
        found: dict[str, set[bytes]] = {}
        held: dict[Node, bytearray] = {}
        for change in self.changes:
            if change.node is not None:
                _apply(change.call, held.setdefault(change.node, bytearray(change.node.content)), halved=False)
            elif change.call.what == "rename":
                node = change.entries[1][2]
                found.setdefault(change.path, set()).add(bytes(held.get(node, node.content)))
        return found

    def was_removed(self, path: str, at: int) -> bool:
        """Whether a path was removed before a place."""
        return any(change.path == path and change.call.what == "unlink" for change in self.changes if change.at < at)

    def tree(self, state: State) -> Tree:
        """What is there in a state."""
        entries = {node: dict(found) for node, found in self._begin.items()}
        content: dict[Node, bytearray] = {}
        times: dict[Node, int] = {}
        for change in self.changes:
            if change.at >= state.at:
                break
            if change.at in state.lost:
                continue
            for folder, name, node in change.entries:
                if node is None:
                    entries.setdefault(folder, {}).pop(name, None)
                else:
                    entries.setdefault(folder, {})[name] = node
            if change.node is not None:
                held = content.setdefault(change.node, bytearray(change.node.content))
                times[change.node] = _apply(change.call, held, halved=change.at in state.torn)
        found: Tree = {}

        def walk(node: Node, prefix: str) -> None:
            for name, child in entries.get(node, {}).items():
                if child.is_folder:
                    found[f"{prefix}{name}"] = None
                    walk(child, f"{prefix}{name}/")
                else:
                    found[f"{prefix}{name}"] = (
                        bytes(content.get(child, child.content)),
                        times.get(child, child.time),
                    )

        walk(self._root, "")
        return found


def _apply(call: Call, held: bytearray, *, halved: bool) -> int:
    """Do to a file's content what a call did; return the file's date then."""
    if call.what == "date":
        return call.offset
    if call.what == "truncate":
        held[call.offset :] = bytes(max(0, call.offset - len(held)))
    else:
        data = call.data[: len(call.data) // 2] if halved else call.data
        held.extend(bytes(max(0, call.offset - len(held))))
        held[call.offset : call.offset + len(data)] = data
    return call.time


def states(disk: Disk, is_ours: Callable[[str], bool], chance: random.Random, near: int = 6) -> Iterator[State]:
    """Yield the states after every call, each with its kinds of loss.

    Args:
        disk: what was recorded.
        is_ours: whether a path is one whose changes are lost one by one; all others only together or at random.
        chance: decides on the rest.
        near: of how many of the last changes each is lost alone, and kept alone.
    """
    for at in range(1, disk.length + 1):
        unsafe = disk.unsafe(at)
        every = {change.at for change in unsafe}
        data = {change.at for change in unsafe if not change.is_entry}
        others = {change.at for change in unsafe if not is_ours(change.path)}
        kinds: list[set[int]] = [set(), every, data, every - data, others, every - others, others & data]
        for change in [change for change in unsafe if is_ours(change.path)][-near:]:
            alone = {change.at}
            kinds += [alone, every - alone, others | alone]
        kinds += [{place for place in every if chance.random() < share} for share in (0.3, 0.7)]
        for lost in kinds:
            yield State(at, frozenset(lost))
        yield State(at, frozenset(), frozenset(data))
        yield State(at, frozenset(every - data), frozenset(data))


def fingerprint(tree: Tree, counts: Callable[[str], bool]) -> str:
    """A text that two trees share if the files that count are the same."""
    found = hashlib.sha256()
    for path in sorted(path for path in tree if counts(path)):
        entry = tree[path]
        found.update(f"{path}\0".encode() + (hashlib.sha256(entry[0]).digest() if entry else b"folder"))
    return found.hexdigest()


def distinct(disk: Disk, found: Iterable[State], counts: Callable[[str], bool]) -> list[tuple[State, Tree]]:
    """Those of some states whose files that count differ from those of the states before."""
    seen: dict[str, tuple[State, Tree]] = {}
    for state in found:
        tree = disk.tree(state)
        seen.setdefault(fingerprint(tree, counts), (state, tree))
    return list(seen.values())


def lay_out(tree: Tree, folder: Path) -> None:
    """Make a folder what a tree says, which is to be empty."""
    for path, entry in sorted(tree.items()):
        place = folder / path
        if entry is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(entry[0])
            os.utime(place, ns=(entry[1], entry[1]))
