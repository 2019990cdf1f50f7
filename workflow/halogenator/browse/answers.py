"""Which rows of files fulfil conditions, looked for in threads of their own while pages are read."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.errors import UserError
from halogenator.model import Conditions
from halogenator.process.failures import explain
from halogenator.search.parts import Mask, Part, Rows
from halogenator.search.rows import Search
from halogenator.tables.parquet import footer

MOST_SIMILAR = 1_000  # rows that are kept where likeness is asked for: the most alike
_RUNNING = 2  # searches at the same time; when another begins, the oldest ends
_KEPT = 200_000_000  # bytes of finished answers
_KEPT_ALIKE = 50  # finished answers to questions of likeness

Likenesses = npt.NDArray[np.float64]
_NO_ROWS: Rows = np.empty(0, np.int64)

Identity = tuple[str, int, int, int]


def identity(path: Path) -> Identity:
    """Return what tells a file from another that a run puts in its place."""
    found = path.stat()
    return str(path), found.st_ino, found.st_mtime_ns, found.st_size


@dataclass
class PartAnswer:
    """The rows of one file that fulfil conditions, as far as it has been searched.

    Attributes:
        part: the file.
        identity: which file it was.
        rows: the number of its rows.
        searched: how many of them have been looked at.
        count: how many of these fulfil the conditions.
        alike: these rows and the likeness of each, where likeness is a condition, so that they are few; else None.
    """

    part: Part
    identity: Identity
    rows: int
    searched: int = 0
    count: int = 0
    alike: tuple[Rows, Likenesses] | None = None  # exchanged as a whole, as pages read it meanwhile
    _mask: Mask | None = None  # while it is searched
    _bits: npt.NDArray[np.uint8] | None = None  # afterwards; neither: all rows

    def begin(self, *, by_likeness: bool) -> None:
        """Say that the file is going to be searched."""
        if by_likeness:
            self.alike = _NO_ROWS, np.empty(0)
        else:
            self._mask = np.zeros(self.rows, np.bool_)

    def add(self, rows: Rows, similarity: Likenesses, searched: int) -> None:
        """Add found rows, before ``searched``."""
        if self.alike is not None:
            self.alike = np.concatenate([self.alike[0], rows]), np.concatenate([self.alike[1], similarity])
        else:
            assert self._mask is not None
            self._mask[rows] = True
        self.count += len(rows)
        self.searched = searched

    def keep(self, wanted: Mask) -> None:
        """Keep some of the rows that were found by likeness."""
        assert self.alike is not None
        self.alike = self.alike[0][wanted], self.alike[1][wanted]
        self.count = len(self.alike[0])

    def end(self) -> None:
        """Say that all of the file has been searched."""
        if self._mask is not None:
            self._bits = np.packbits(self._mask)
            self._mask = None
        self.searched = self.rows

    def take_all(self) -> PartAnswer:
        """Say that all rows are found without a search, and return itself."""
        self.count = self.searched = self.rows
        return self

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        return sum(each.nbytes for each in (self._mask, self._bits) if each is not None)

    def found(self, start: int, stop: int) -> Rows:
        """Return the found rows between two rows, the second one exclusive."""
        stop = min(stop, self.searched)
        if start >= stop:
            return _NO_ROWS
        if self.alike is not None:
            rows = self.alike[0]
            return rows[(rows >= start) & (rows < stop)]
        mask, bits = self._mask, self._bits
        if mask is not None:
            return start + np.flatnonzero(mask[start:stop])
        if bits is None:
            return np.arange(start, stop)
        first = start // 8
        unpacked = np.unpackbits(bits[first : -(-stop // 8)])[start - 8 * first : stop - 8 * first]
        return start + np.flatnonzero(unpacked)


class Answer:
    """The rows of several files that fulfil conditions, as far as they have been searched.

    Attributes:
        parts: the answer of each file, in order.
        error: what stopped the search; None if nothing did.
        is_done: whether nothing more will be found.
        is_cut: whether more rows are like the molecule than are kept.
    """

    def __init__(self, parts: Sequence[PartAnswer]) -> None:
        self.parts = parts
        self.error: UserError | None = None
        self.is_done = all(part.searched == part.rows for part in parts)
        self.is_stopped = self.is_cut = False
        self._changed = threading.Condition()

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def searched(self) -> int:
        return sum(part.searched for part in self.parts)

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    def keep_best(self, most: int) -> float:
        """Keep the most alike rows, of equal ones the first, and return the least likeness of them."""
        likeness = [np.empty(0) if part.alike is None else part.alike[1] for part in self.parts]
        best = np.argsort(-np.concatenate(likeness), kind="stable")[:most]
        wanted = np.zeros(sum(map(len, likeness)), np.bool_)
        wanted[best] = True
        ends = np.cumsum([len(each) for each in likeness])
        for part, own in zip(self.parts, np.split(wanted, ends[:-1]), strict=True):
            if part.alike is not None:
                part.keep(own)
        self.is_cut = True
        return float(np.concatenate(likeness)[best[-1]])

    def tell(self) -> None:
        """Wake those who wait for more."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, enough: Callable[[], bool], seconds: float) -> None:
        """Wait until the search is done or ``enough`` returns True, at most some seconds.

        Raises:
            UserError: the search cannot be made.
        """
        end = time.monotonic() + seconds
        with self._changed:
            while not (self.is_done or enough() or self.error) and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
        if self.error:
            raise self.error

    def stop(self) -> None:
        """Let the search end soon."""
        self.is_stopped = True


_Key = tuple[Conditions, tuple[Identity, ...]]


class Answers:
    """All answers of a results folder: searches under way, and what they found in each file.

    Args:
        results: the results folder.
        memory_mb: memory that DuckDB may use for a condition in SQL, in MB (10^6 bytes).
        scratch: folder for what it cannot hold.
        most_similar: the most rows to keep where likeness is asked for.
    """

    def __init__(self, results: Path, *, memory_mb: int, scratch: Path, most_similar: int = MOST_SIMILAR) -> None:
        self._results, self._memory_mb, self._scratch = results, memory_mb, scratch
        self._most_similar = most_similar
        self._lock = threading.Lock()
        self._finished: OrderedDict[tuple[Conditions, Identity], PartAnswer] = OrderedDict()
        self._running: OrderedDict[_Key, Answer] = OrderedDict()
        self._alike: OrderedDict[_Key, Answer] = OrderedDict()  # which files' rows are the best depends on the others

    def of(self, conditions: Conditions, parts: Sequence[Part]) -> Answer:
        """Return the answer for some files, complete or under way."""
        files = [(part, identity(part.path)) for part in parts]
        if not conditions:
            return Answer([PartAnswer(*each, _rows(each[0])).take_all() for each in files])
        key = conditions, tuple(each for _, each in files)
        with self._lock:
            running = self._running.get(key)
            if running and not running.is_stopped:
                self._running.move_to_end(key)
                return running
            if key in self._alike:
                self._alike.move_to_end(key)
                return self._alike[key]
            answer = Answer([self._finished.get((conditions, file)) or _new(part, file) for part, file in files])
            for part in answer.parts:
                if (conditions, part.identity) in self._finished:
                    self._finished.move_to_end((conditions, part.identity))
            if answer.is_done:
                return answer
            self._running[key] = answer
            while len(self._running) > _RUNNING:
                self._running.popitem(last=False)[1].stop()
        threading.Thread(target=self._search, args=(key, answer), daemon=True).start()
        return answer

    def stop(self) -> None:
        """Let all searches end."""
        with self._lock:
            for answer in self._running.values():
                answer.stop()

    def _search(self, key: _Key, answer: Answer) -> None:
        try:
            settings = {"memory_mb": self._memory_mb, "scratch": self._scratch}
            with closing(Search(self._results, key[0], **settings)) as search:  # type: ignore[arg-type]
                open_ = [part for part in answer.parts if part.searched < part.rows]
                refused = {part.identity: search.refusal(part.part) for part in open_}
                if all(refused.values()):
                    raise next(filter(None, refused.values()))
                for part in open_:
                    if not answer.is_stopped:
                        self._search_part(search, part, answer, has_columns=refused[part.identity] is None)
                        self._keep(key[0], part, answer)
            if answer.count > self._most_similar and search.likeness:
                answer.keep_best(self._most_similar)
            answer.is_done = not answer.is_stopped
            if answer.is_done and search.likeness:
                self._keep_alike(key, answer)
        except Exception as error:
            answer.error = error if isinstance(error, UserError) else explain(error) or _broken(error)
        finally:
            with self._lock:
                if self._running.get(key) is answer:
                    del self._running[key]
            answer.tell()

    def _search_part(self, search: Search, part: PartAnswer, answer: Answer, *, has_columns: bool) -> None:
        """Search one file; without the columns that a condition names, it has no row that fulfils it."""
        part.begin(by_likeness=search.likeness is not None)
        for found in search.find(part.part) if has_columns else ():
            part.add(found.rows, found.similarity, found.stop)
            if search.likeness and answer.count > 2 * self._most_similar:
                # What comes later has to be more alike: what is as alike would stand behind these.
                least = answer.keep_best(self._most_similar)
                search.likeness.least = max(search.likeness.least, float(np.nextafter(least, 2)))
            answer.tell()
            if answer.is_stopped:
                return
        part.end()
        answer.tell()

    def _keep(self, conditions: Conditions, part: PartAnswer, answer: Answer) -> None:
        if answer.is_stopped or conditions.similar:
            return
        with self._lock:
            self._finished[conditions, part.identity] = part
            while sum(each.bytes for each in self._finished.values()) > _KEPT and len(self._finished) > 1:
                self._finished.popitem(last=False)

    def _keep_alike(self, key: _Key, answer: Answer) -> None:
        with self._lock:
            self._alike[key] = answer
            while len(self._alike) > _KEPT_ALIKE:
                self._alike.popitem(last=False)


def _rows(part: Part) -> int:
    return footer(part.path).rows


def _new(part: Part, file: Identity) -> PartAnswer:
    found = PartAnswer(part, file, _rows(part))
    if not found.rows:
        return found.take_all()
    return found


def _broken(error: Exception) -> UserError:
    what = "a file cannot be read" if isinstance(error, OSError | pa.ArrowException) else "the search failed"
    return UserError(f"{what}: {error}", fix="while a run replaces files, ask again; python -m halogenator verify")
