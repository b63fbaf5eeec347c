"""A small file system that a test can fill up and free again. Mounted where that is allowed; else
the processes' file size limit stands in for it, so that the check is never skipped."""
import errno
import os
import pathlib
import resource
import signal
import subprocess
import time

SIZE_MB = 64
# No file of these tests is so small that it could be written below this limit.
TINY_LIMIT_BYTES = 16


def _ignore_size_signal():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class SmallDisk:
    """`path` lies on it. Programs that use it are started with `preexec`."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.preexec = None
        # KC_SMALL_DISK: one of the kinds, to try it where another would do.
        wanted = os.environ.get("KC_SMALL_DISK")
        kinds = {"mount": self._mount, "limit": self._limit}
        self.kind = ""
        for kind, make in kinds.items():
            if wanted in (None, kind) and not self.kind and make():
                self.kind = kind
        if not self.kind:
            raise RuntimeError(f"no small disk of kind {wanted}")

    def _mount(self):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "kc-test",
                               str(self.path)], capture_output=True, check=False)
        return done.returncode == 0

    def _limit(self):
        self.preexec = _ignore_size_signal
        return True

    def fill(self, pid):
        """Not a byte is left (for the process, where the limit has to do)."""
        if self.kind == "limit":
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (TINY_LIMIT_BYTES, resource.RLIM_INFINITY))
            return
        with open(self.path / "ballast", "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self, pid):
        if self.kind == "limit":
            try:
                unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
            except ProcessLookupError:
                pass
            return
        (self.path / "ballast").unlink()

    def close(self):
        if self.kind != "mount":
            return
        for _ in range(50):
            if subprocess.run(["umount", str(self.path)], capture_output=True,
                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise OSError(f"{self.path} can't be unmounted")
