"""Starts the two programs for tests and the demo, and talks to kusto-local over plain HTTP.
Standard library only."""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("KC_BIN", ROOT / "build/bin"))
REQUEST_TIMEOUT_S = 600


class KustoError(Exception):
    """An error answer; .status and .body say which."""

    def __init__(self, status, body):
        self.status = status
        self.body = body
        try:
            error = json.loads(body)["error"]
            self.message = error.get("@message") or error.get("message")
            self.code = error.get("code")
        except (ValueError, KeyError, TypeError):
            self.message, self.code = body, ""
        super().__init__(f"{status} {self.code}: {self.message}")


class Local:
    """One kusto-local process on a storage folder; survives restarts on the same port."""

    def __init__(self, storage, *options, port=0):
        self.storage = str(storage)
        self.options = list(options)
        self.port = port
        self.process = None
        self.url = None
        self.preexec = None  # what the child does before it becomes the program
        self.environment = None

    def start(self):
        command = [str(BIN / "kusto-local"), "--listen", f"127.0.0.1:{self.port}", "--storage",
                   self.storage, *self.options]
        self.log = open(self.storage + ".log", "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                        preexec_fn=self.preexec, env=self.environment)
        line = self.process.stdout.readline().decode()
        match = re.search(r"http://[\d.]+:(\d+)", line)
        if not match:
            self.process.kill()
            self.process.wait()
            log = pathlib.Path(self.storage + ".log").read_text()[-2000:]
            raise RuntimeError(f"kusto-local did not start: {line!r} {log}")
        self.port = int(match[1])
        self.url = match[0]
        return self

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(120)
        self.process.stdout.close()
        self.log.close()
        return code

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def post(self, path, db, csl, properties=None):
        body = {"db": db, "csl": csl}
        if properties:
            body["properties"] = properties
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json",
                                          "Accept": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise KustoError(error.code, error.read().decode(errors="replace")) from None

    def mgmt(self, csl, db="NetDefaultDB"):
        """The first table of a management command's answer, as dictionaries."""
        table = self.post("/v1/rest/mgmt", db, csl)["Tables"][0]
        names = [c["ColumnName"] for c in table["Columns"]]
        return [dict(zip(names, row)) for row in table["Rows"]]

    def query(self, csl, db="NetDefaultDB", options=None):
        """(column names, rows) of the first primary result."""
        properties = {"Options": {"notruncation": True, **(options or {})}}
        frames = self.post("/v2/rest/query", db, csl, properties)
        if frames[-1].get("HasErrors"):
            raise KustoError(200, json.dumps(frames[-1]))
        for frame in frames:
            if frame.get("TableKind") == "PrimaryResult":
                return [c["ColumnName"] for c in frame["Columns"]], frame["Rows"]
        raise RuntimeError("no primary result")

    def rows(self, csl, db="NetDefaultDB"):
        names, rows = self.query(csl, db)
        return [dict(zip(names, row)) for row in rows]

    def scalar(self, csl, db="NetDefaultDB"):
        return self.query(csl, db)[1][0][0]

    def wait_operation(self, operation_id, timeout_s=600):
        """The last state of an asynchronous operation, once it has ended."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            row = self.mgmt(f".show operations {operation_id}")[0]
            if row["State"] not in ("InProgress", "Scheduled"):
                return row
            time.sleep(0.02)
        raise TimeoutError(operation_id)


def multiset(local, table, db):
    """The table's rows as a multiset, each value in the exact form in which the wire carries it."""
    _, rows = local.query(f"['{table}']", db)
    return collections.Counter(json.dumps(row, sort_keys=True) for row in rows)


def copy_command(*args):
    return [str(BIN / "kusto-copy"), *map(str, args)]


def run_copy(*args, timeout=600, environment=None):
    """Runs kusto-copy to its end: exit code, standard output, standard error."""
    done = subprocess.run(copy_command(*args), capture_output=True, text=True, timeout=timeout,
                          env=environment)
    return done.returncode, done.stdout, done.stderr


# Where the tests' clusters and lakes lie: in memory where there is room, so that a stalling disk of
# the machine is not measured as if it were the programs. A kill leaves what was written on either;
# a loss of power is src/local/catalog/durability_test.cc's. KC_TEST_FOLDER: another place.
MEMORY_FOLDER = "/dev/shm"
MEMORY_BYTES = 4 << 30


def _parent_folder():
    if "KC_TEST_FOLDER" in os.environ:
        return os.environ["KC_TEST_FOLDER"]
    try:
        free = shutil.disk_usage(MEMORY_FOLDER).free
    except OSError:
        return None
    return MEMORY_FOLDER if free >= MEMORY_BYTES and os.access(MEMORY_FOLDER, os.W_OK) else None


def temporary_folder(prefix="kc-"):
    return tempfile.TemporaryDirectory(prefix=prefix, dir=_parent_folder())
