"""False clocks for the programs (Debian's libfaketime): a process that is started with
`environment` sees the wall clock that was last set, from its next look on. Its monotonic clock
stays true, as on a machine whose time somebody sets."""
import os
import pathlib
import subprocess


def library():
    """Where the dynamic loader finds libfaketime; tools/install_dependencies.sh installs it."""
    listed = subprocess.run(["dpkg", "-L", "libfaketime"], capture_output=True, text=True,
                            check=True).stdout.split()
    return next(name for name in listed if name.endswith("/libfaketimeMT.so.1"))


class FalseClock:
    TRUE = "+0"

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.set(self.TRUE)
        self.environment = {**os.environ, "LD_PRELOAD": library(),
                            "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, what):
        """'+1d': a day ahead; '-1d'; '+0 x2': runs double from the process's start on."""
        new = self.path.with_suffix(".new")
        new.write_text(what + "\n")
        new.replace(self.path)
