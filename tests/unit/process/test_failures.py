"""What stands in the way of writing is named in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from halogenator.errors import UserError
from halogenator.process.failures import check_kinds, check_writable
from helpers.mounted import mounted


def a_file(path: Path) -> None:
    path.touch()


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


THINGS = {
    a_file: "a file",
    a_dangling_link: "a link that leads nowhere (nowhere)",
    a_link_to_itself: "a link that leads nowhere (results)",
    a_pipe: "a pipe or device",
}


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("below", [".", "sub/folder"])
def test_what_is_no_folder_is_named(tmp_path: Path, thing: object, below: str) -> None:
    thing(tmp_path / "results")
    with pytest.raises(UserError) as caught:
        check_writable(tmp_path / "results" / below)
    assert caught.value.what == f"cannot write: {THINGS[thing]} stands where a folder has to be"
    assert caught.value.where == tmp_path / "results"
    assert "move away" in caught.value.fix


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "summary.tsv").mkdir()
    with pytest.raises(UserError, match="a folder stands where a file has to be"):
        check_kinds([tmp_path], [tmp_path / "summary.tsv"])


def test_a_link_to_a_folder_elsewhere_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "results").symlink_to("large disk")
    check_writable(tmp_path / "results")


def test_a_disk_without_inodes_is_not_called_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=10m,nr_inodes=4", "tmpfs"):
        for number in range(3):
            (disk / str(number)).touch()
        with pytest.raises(UserError) as caught:
            check_writable(disk / "results")
    assert caught.value.what == "cannot write: no inodes are left, the disk takes no more files"
    assert caught.value.value.startswith("0 inodes free, 10.")
    assert "remove some files" in caught.value.fix
