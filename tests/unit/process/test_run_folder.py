"""A folder has one run at a time, whoever asks; files from the future are redated, and inputs from there refused."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from halogenator.errors import UserError
from halogenator.process import run_folder
from halogenator.process.run_folder import check_dates, claim_folder, hold_folder, lock_holder, redate
from helpers.elsewhere import PLAIN_USER, hand_over, needs_a_plain_user
from helpers.samples import SAFETY_NET

LOCK = "halogenator.lock"


def test_who_holds_a_folder_is_known_until_the_block_ends(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "work"
    assert lock_holder(folder) is None  # there is no such folder yet
    with hold_folder(folder, cap_mb=2_500, fix="wait"):
        assert lock_holder(folder) == (os.getpid(), 2_500)
        assert (folder / LOCK).stat().st_mode & 0o111 == 0  # no program
    assert lock_holder(folder) is None


def test_a_held_folder_is_refused_with_the_holder_the_folder_and_the_advice(tmp_path: Path) -> None:
    with hold_folder(tmp_path / "mine" / "work", cap_mb=1, fix="wait until it ends"):
        with pytest.raises(UserError) as caught, hold_folder(tmp_path / "mine" / "work", cap_mb=1, fix="go elsewhere"):
            raise AssertionError("held twice")
        assert lock_holder(tmp_path / "mine" / "work") == (os.getpid(), 1)  # the refused one changed nothing
    error = caught.value
    assert (error.what, error.fix) == ("another run is going on in this folder", "go elsewhere")
    assert (error.where, error.value) == (tmp_path / "mine", f"process {os.getpid()}")


def test_a_block_that_fails_gives_the_folder_back(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), hold_folder(tmp_path, cap_mb=1, fix="wait"):
            raise RuntimeError("no phenol in this library")


def test_a_longer_note_of_an_earlier_run_does_not_show_through(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text('{"pid": 4194304, "cap_mb": 1234567890}' + 300 * " " + "earlier")
    with hold_folder(tmp_path, cap_mb=7, fix="wait"):
        assert lock_holder(tmp_path) == (os.getpid(), 7)


@pytest.mark.parametrize(
    "note", ["", "half", '{"pid": 1}', '{"cap_mb": 1}', '{"pid": null, "cap_mb": 1}', '["pid"]', '{"pid": "x"}']
)
def test_a_lock_whose_note_cannot_be_read_is_held_by_nobody_known(tmp_path: Path, note: str) -> None:
    """A run may be looked at between its lock and its note. A second one is refused all the same, without a number."""
    with hold_folder(tmp_path, cap_mb=1, fix="wait"):
        (tmp_path / LOCK).write_text(note)
        assert lock_holder(tmp_path) is None
        with pytest.raises(UserError) as caught, hold_folder(tmp_path, cap_mb=1, fix="wait"):
            raise AssertionError("held twice")
    assert caught.value.value is None


def test_a_note_of_a_process_that_is_no_more_names_no_holder(tmp_path: Path) -> None:
    """Another machine's run, in a shared folder: its process id means nothing here."""
    with hold_folder(tmp_path, cap_mb=1, fix="wait"):
        (tmp_path / LOCK).write_text('{"pid": 2147483646, "cap_mb": 1}')
        assert lock_holder(tmp_path) is None


@pytest.fixture
def claimed(tmp_path: Path) -> Iterator[Path]:
    """A ``.snakemake`` with all that a killed run leaves; what a test claims there is given back after it."""
    before = len(run_folder._held)
    snakemake_folder = tmp_path / ".snakemake"
    for left in ("locks/0.input.lock", "locks/0.output.lock", "halogenator.tasks/4711", "incomplete/YQ==", "log/a.log"):
        (snakemake_folder / left).parent.mkdir(parents=True, exist_ok=True)
        (snakemake_folder / left).touch()
    (tmp_path / "scratch" / "duckdb-a1b2c3d4").mkdir(parents=True)
    (tmp_path / "scratch" / "duckdb-a1b2c3d4" / "spilled").touch()
    yield snakemake_folder
    while len(run_folder._held) > before:
        os.close(run_folder._held.pop())


def left_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {LOCK}


def test_a_claim_stays_and_removes_what_a_killed_run_left(claimed: Path) -> None:
    claim_folder(claimed, claimed.parent / "scratch", cap_mb=3)
    assert lock_holder(claimed) == (os.getpid(), 3)
    assert left_in(claimed) == {"incomplete/YQ==", "log/a.log"}
    assert not (claimed.parent / "scratch").exists()
    with pytest.raises(UserError, match="another run is going on") as caught:
        claim_folder(claimed, claimed.parent / "scratch", cap_mb=3)
    assert caught.value.fix == "wait until it ends; to plan meanwhile use -n, to run beside it give another --directory"


def test_a_refused_claim_removes_nothing(claimed: Path) -> None:
    before = left_in(claimed)
    with hold_folder(claimed, cap_mb=1, fix="wait"), pytest.raises(UserError, match="another run"):
        claim_folder(claimed, claimed.parent / "scratch", cap_mb=1)
    assert left_in(claimed) == before
    assert (claimed.parent / "scratch" / "duckdb-a1b2c3d4" / "spilled").exists()


def test_the_first_claim_in_a_new_folder(tmp_path: Path, claimed: Path) -> None:
    claim_folder(tmp_path / "new" / ".snakemake", tmp_path / "no scratch", cap_mb=1)
    assert lock_holder(tmp_path / "new" / ".snakemake") == (os.getpid(), 1)


@pytest.mark.parametrize("lacking", ["the system", "the file system"])
def test_where_nothing_can_be_locked_a_run_goes_on_and_removes_nothing(
    claimed: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """Without a lock nothing tells a stale file from one of a run that is going on; there is only Snakemake's own."""
    before = left_in(claimed)
    if lacking == "the system":
        monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    else:
        monkeypatch.setattr(fcntl, "flock", refuse)
    claim_folder(claimed, claimed.parent / "scratch", cap_mb=1)
    with hold_folder(claimed, cap_mb=1, fix="wait"), hold_folder(claimed, cap_mb=1, fix="wait"):
        assert lock_holder(claimed) is None
    assert left_in(claimed) == before


def refuse(*_: object) -> None:
    raise OSError(95, "Operation not supported")


def test_a_claim_ends_with_its_process_and_not_before(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from halogenator.process.run_folder import claim_folder; "
        "claim_folder(Path(sys.argv[1]), Path(sys.argv[2]), cap_mb=9); print(flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, tmp_path, tmp_path / "scratch"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert lock_holder(tmp_path) == (holder.pid, 9)
        holder.kill()
    assert lock_holder(tmp_path) is None


def dated(path: Path, nanoseconds: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, ns=(nanoseconds, nanoseconds))
    return path


def test_a_folder_of_yesterday_is_not_touched(tmp_path: Path) -> None:
    path = dated(tmp_path / "library=mine" / "molecules.parquet", time.time_ns() - 5_000_000_000)
    before = path.stat().st_mtime_ns
    assert redate(tmp_path) == 0
    assert path.stat().st_mtime_ns == before


def test_files_from_the_future_get_the_present_a_microsecond_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_700_000_000_123_456_789
    monkeypatch.setattr(time, "time_ns", lambda: now)
    ages = {"raw": 0, "a/chunk": 1, "a/library": 86_400, "products": 9_000_000_000, "b/products": 9_000_000_000}
    paths = [dated(tmp_path / name, now + age) for name, age in ages.items()]
    assert redate(tmp_path) == 4
    assert [path.stat().st_mtime_ns - now for path in paths] == [0, 0, 1_000, 2_000, 2_000]
    assert paths[3].stat().st_atime_ns == now


def test_only_entries_of_our_names_are_redated(tmp_path: Path) -> None:
    ahead = time.time_ns() + 10**12
    own = [dated(tmp_path / name, ahead) for name in ("products/a.parquet", "products/mine/b.parquet", "plan.tsv")]
    other = [dated(tmp_path / name, ahead) for name in ("mine/products/a.parquet", "thesis.txt")]
    assert redate(tmp_path, ("products", "plan.tsv")) == len(own)
    assert all(path.stat().st_mtime_ns < ahead for path in own)
    assert all(path.stat().st_mtime_ns == ahead for path in other)


def test_a_link_from_the_future_is_redated_and_not_the_file_behind_it(tmp_path: Path) -> None:
    behind = dated(tmp_path / "elsewhere" / "parents.smi", 1_000_000_000)
    link = tmp_path / "results" / "parents.smi"
    link.parent.mkdir()
    link.symlink_to(behind)
    ahead = time.time_ns() + 10**12
    os.utime(link, ns=(ahead, ahead), follow_symlinks=False)
    assert redate(tmp_path / "results") == 1
    assert link.lstat().st_mtime_ns < ahead
    assert behind.stat().st_mtime_ns == 1_000_000_000


def test_a_file_that_goes_while_the_others_are_redated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of a killed run may still remove its own."""
    dated(tmp_path / "products.parquet", time.time_ns() + 10**12)
    listed = [(str(tmp_path), [], ["gone.parquet", "products.parquet"])]
    monkeypatch.setattr(os, "walk", lambda _: listed)
    assert redate(tmp_path) == 1


def test_an_input_from_the_future_is_refused_beyond_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks in a network may differ by so much."""
    now = 1_000_000_000
    monkeypatch.setattr(time, "time", lambda: float(now))
    old, near, far = (dated(tmp_path / f"{s}.smi", (now + s) * 10**9) for s in (-90, 60, 61))
    check_dates([old, near, tmp_path / "nowhere.smi"])
    with pytest.raises(UserError) as caught:
        check_dates([old, near, far])
    assert caught.value.what.startswith("an input file is dated 61 seconds in the future")
    assert caught.value.where == far
    far = dated(far, (now + 7_200) * 10**9)
    with pytest.raises(UserError, match="dated 7,200 seconds"):
        check_dates([far])


CLAIM = """
import sys
from pathlib import Path
from halogenator.errors import UserError
from halogenator.process.run_folder import claim_folder
try:
    claim_folder(Path(sys.argv[1]), Path(sys.argv[1], "scratch"), cap_mb=7)
except UserError as error:
    print(error)
"""


def claimed_by_another_user(folder: Path) -> str:
    """Claim a folder without root's rights, and return what is said."""
    words = [*PLAIN_USER, sys.executable, "-c", CLAIM, folder]
    done = subprocess.run(words, capture_output=True, text=True, umask=0o002, timeout=SAFETY_NET)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_lock_file_is_as_open_as_its_folder(tmp_path: Path) -> None:
    """Who shares a folder with umask 002 shares its lock."""
    before = os.umask(0o002)
    try:
        with hold_folder(tmp_path, cap_mb=1, fix="wait"):
            assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o664
    finally:
        os.umask(before)


def test_a_lock_that_another_user_left_closed_is_no_obstacle(tmp_path: Path) -> None:
    needs_a_plain_user()
    (tmp_path / LOCK).write_text("{}")
    hand_over(tmp_path)
    (tmp_path / LOCK).chmod(0o644)
    assert claimed_by_another_user(tmp_path) == ""
    assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o664
    assert json.loads((tmp_path / LOCK).read_bytes())["cap_mb"] == 7


def test_a_lock_that_another_user_holds_is_kept(tmp_path: Path) -> None:
    needs_a_plain_user()
    with hold_folder(tmp_path, cap_mb=1, fix="wait"):
        hand_over(tmp_path)
        (tmp_path / LOCK).chmod(0o644)
        said = claimed_by_another_user(tmp_path)
        assert "another run is going on in this folder" in said and f"process {os.getpid()}" in said
        assert lock_holder(tmp_path) == (os.getpid(), 1)
