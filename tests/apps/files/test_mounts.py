"""Which disks are of this machine."""

import os
from pathlib import Path

import pytest

from corserver.apps.files.mounts import is_near

linux = pytest.mark.skipif(not os.path.exists("/proc/self/mountinfo"), reason="there is no table of mounts")


@linux
def test_a_file_system_that_asks_somebody_is_not_near() -> None:
    assert not is_near(os.stat("/proc").st_dev), "proc is what stands in for NFS and FUSE here"


def test_the_disk_of_a_directory_for_tests_is_near(tmp_path: Path) -> None:
    assert is_near(tmp_path.stat().st_dev)


def test_a_device_that_is_not_in_the_table_is_given_the_benefit_of_the_doubt() -> None:
    assert is_near(os.makedev(4000, 77))
