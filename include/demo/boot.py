"""Which boot of the machine this is, and when in it a process began: neither moves when somebody sets the clock."""

from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_COARSE = 600


def boot_id() -> str:
    """Return what names this boot: after the next one every process id means something else."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # not Linux; the moment is computed from the clock, which is corrected now and then
        return str(round(psutil.boot_time() / _COARSE))


def start_of(process: psutil.Process) -> float:
    """Return when a process began: in ticks since the boot on Linux, elsewhere in seconds since the epoch.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_bytes()
    except OSError:
        return process.create_time()
    return float(stat.rpartition(b")")[2].split()[19])  # the 22nd field; a program's name may hold blanks
