import json
import os
import stat
import sys
from dataclasses import replace

import psutil
import pytest

from demo.boot import boot_id
from demo.errors import StackError
from demo.record import StackRecord


def test_keys_are_made_once_and_only_their_owner_can_read_them(layout):
    first = layout.secrets()
    assert layout.secrets() == first
    assert len(first["jwt_secret"].encode()) >= 64
    assert stat.S_IMODE((layout.home / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.home.stat().st_mode) == 0o700


def test_two_homes_share_no_key(layout, tmp_path):
    other = type(layout)(tmp_path / "other")
    other.prepare()
    assert not set(layout.secrets().values()) & set(other.secrets().values())


def test_a_home_is_claimed_by_one_stack_at_a_time(layout):
    claim = layout.lock()
    with pytest.raises(StackError, match="already runs"):
        layout.lock()
    claim.close()
    layout.lock().close()


@pytest.fixture
def own_record():
    return StackRecord.of_this_process(ready=True, url="http://127.0.0.1:1", systems={}, sessions=[])


def test_the_record_comes_back_and_finds_its_supervisor(layout):
    record = StackRecord.of_this_process(
        ready=True, url="http://127.0.0.1:1", systems={"trello": "http://127.0.0.1:2"}, sessions=[3]
    )
    record.write(layout)
    assert StackRecord.read(layout) == record
    assert record.supervisor() == psutil.Process()


def test_a_process_id_that_is_used_again_is_not_the_supervisor(layout):
    assert StackRecord(os.getpid(), created=1.0, boot=boot_id()).supervisor() is None


def test_after_a_reboot_nothing_is_the_supervisor(own_record):
    assert replace(own_record, boot="another").supervisor() is None


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux's way to tell when a process began")
def test_the_supervisor_is_known_after_the_clock_was_set(own_record, monkeypatch):
    began = psutil.Process().create_time()
    boot_time = psutil._pslinux.boot_time()
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: boot_time + 2)
    assert psutil.Process().create_time() == began + 2
    assert own_record.supervisor() == psutil.Process()


def test_without_a_stack_there_is_no_record(layout):
    assert StackRecord.read(layout) is None


def test_a_record_is_replaced_as_a_whole(layout):
    StackRecord(1, 1.0).write(layout)
    StackRecord(2, 2.0).write(layout)
    assert json.loads(layout.state_file.read_text())["pid"] == 2
    assert [file.name for file in layout.home.glob("*.new")] == []
