"""The CPU quota, read from the files that the kernel offers."""

from pathlib import Path

import pytest

from rasid.runtime import _cgroup_limits, cpu_quota


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


@pytest.fixture
def membership(tmp_path: Path) -> Path:
    file = tmp_path / "cgroup"
    file.write_text("0::/pod/container\n")
    return file


def test_v2_takes_the_limits_of_all_ancestors(tmp_path: Path, membership: Path) -> None:
    mount = tmp_path / "fs"
    write(mount / "pod", cpu__max="150000 100000\n")
    write(mount / "pod" / "container", cpu__max="max 100000\n")
    assert min(_cgroup_limits(mount, membership)) == 1.5


def test_v1_quota(tmp_path: Path) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("4:cpu,cpuacct:/docker/x\n")
    files = {"cpu__cfs_quota_us": "200000\n", "cpu__cfs_period_us": "100000\n"}
    write(tmp_path / "fs" / "cpu" / "docker" / "x", **files)
    assert list(_cgroup_limits(tmp_path / "fs", membership)) == [2.0]


def test_no_limit_and_unreadable_files_count_for_nothing(tmp_path: Path, membership: Path) -> None:
    write(tmp_path / "fs", cpu__max="max 100000\n")
    write(tmp_path / "fs" / "pod", cpu__max="garbage")
    assert list(_cgroup_limits(tmp_path / "fs", membership)) == []
    assert list(_cgroup_limits(tmp_path / "none", tmp_path / "missing")) == []


def test_quota_of_this_process_is_at_least_one() -> None:
    assert cpu_quota() >= 1
