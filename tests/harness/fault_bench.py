"""One copy under one fault: two clusters and a lake behind fault proxies, set up once for many
copies; each copy has a destination database and a lake folder of its own."""
import collections
import os
import pathlib
import subprocess
import time

from harness import azurite as emulator
from harness import fault_proxy, kc

DATABASE = "Source"
ROWS = 300
# A copy under a transient fault that isn't done by then hangs.
TIMEOUT_S = 90
CONTAINER = "faults"
# What kusto-copy itself asks of the storage; the rest is the clusters'.
OWN_BLOB_KINDS = ("put", "manifest", "beat", "lease.acquire", "lease.renew", "lease.release",
                  "lease.break", "lease.change", "create-append", "append", "read", "stat", "list",
                  "delete", "data.delete", "data.list", "properties")


class Outcome:
    def __init__(self, code, out, err, took, requests, fault):
        self.code, self.out, self.err, self.took = code, out, err, took
        self.requests = requests  # of all proxies, by time
        self.hits = [r for r in requests if r.fault]
        self.fault = fault
        self.ended = time.monotonic()

    def last_words(self):
        lines = [line for line in self.err.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def acted(self, kind):
        return sum(r.acted() for r in self.requests if r.kind == kind)

    def sent(self, kind):
        return [r for r in self.requests if r.kind == kind]


class Bench:
    """`extents` blocks of ROWS rows each in the table T."""

    def __init__(self, azurite=None, extents=1, tables=1):
        self.folder = kc.temporary_folder("kc-fault-")
        self.work = pathlib.Path(self.folder.name)
        self.source = kc.Local(self.work / "source").start()
        self.destination = kc.Local(self.work / "destination").start()
        self.source_proxy = fault_proxy.FaultProxy("127.0.0.1", self.source.port, name="source")
        self.destination_proxy = fault_proxy.FaultProxy("127.0.0.1", self.destination.port,
                                                        name="destination")
        self.blob_proxy = None
        if azurite:
            emulator.create_container(CONTAINER)
            self.blob_proxy = fault_proxy.FaultProxy.of_url(azurite, blob=True, name="blobs")
        self.proxies = [p for p in (self.source_proxy, self.destination_proxy, self.blob_proxy)
                        if p]
        self.number = 0
        self.run_id = f"{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
        self.source.mgmt(f".create database {DATABASE}")
        for table in range(tables):
            for i in range(extents):
                self.source.mgmt(
                    f".set-or-append T{table} with (creationTime='2024-{i + 1:02}-01') <| "
                    f"range n from {i * ROWS} to {(i + 1) * ROWS - 1} step 1 "
                    "| extend s=strcat('row ', n), x=n/3.0", DATABASE)
        self.tables = [f"T{table}" for table in range(tables)]
        self.expected = {t: kc.multiset(self.source, t, DATABASE) for t in self.tables}

    def close(self):
        for proxy in self.proxies:
            proxy.close()
        for local in (self.source, self.destination):
            local.__exit__()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- one copy
    def next(self):
        self.number += 1
        for proxy in self.proxies:
            proxy.clear()

    @property
    def name(self):
        return f"C{self.number}"

    @property
    def lake(self):
        if self.blob_proxy:
            return f"{self.blob_proxy.url}/{CONTAINER}/{self.run_id}/{self.name};{emulator.KEY}"
        return str(self.work / f"lake-{self.name}")

    def command(self, *more):
        return kc.copy_command("-l", self.lake, "-s", self.source_proxy.url, "-d",
                               self.destination_proxy.url, "--db", f"{DATABASE}={self.name}", *more)

    def run(self, fault=None, on=None, more=(), timeout=TIMEOUT_S):
        """Runs kusto-copy once, with the fault injected at the proxies `on` (all)."""
        for proxy in self.proxies:
            proxy.wait_up()
            proxy.clear()
            if fault and (on is None or proxy in on):
                proxy.inject(fault)
        began = time.monotonic()
        try:
            done = subprocess.run(self.command(*more), capture_output=True, text=True,
                                  timeout=timeout)
            code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            code, out, err = None, str(late.stdout), str(late.stderr)
        requests = sorted((r for p in self.proxies for r in p.seen()), key=lambda r: r.at)
        return Outcome(code, out, err, time.monotonic() - began, requests, fault)

    def pause_after(self, kind, status, retry_after):
        """(the outcome, seconds until the refused request came again)."""
        self.next()
        outcome = self.run(fault_proxy.Fault(status, kinds=(kind,), retry_after=retry_after))
        hit = outcome.hits[0]
        again = [r for r in outcome.requests if r.at > hit.at and r.kind == kind
                 and r.where == hit.where]
        self.drop()
        return outcome, again[0].at - hit.at if again else None

    # ---- what it left
    def lost_and_doubled(self):
        lost = doubled = 0
        for table, rows in self.expected.items():
            try:
                got = kc.multiset(self.destination, table, self.name)
            except kc.KustoError:
                got = collections.Counter()
            lost += sum((rows - got).values())
            doubled += sum((got - rows).values())
        return lost, doubled

    def left_behind(self):
        """Names of tables, tags and files that should not be there."""
        names = {row["TableName"] for row in self.destination.mgmt(".show tables", self.name)}
        left = sorted(names - set(self.tables))
        left += [row["Tags"] for row in self.destination.mgmt(
            f".show database {self.name} extents | where isnotempty(Tags) | project Tags",
            self.name)]
        if self.blob_proxy is None:
            left += [str(p) for p in pathlib.Path(self.lake).rglob("*")
                     if p.name.endswith((".parquet", ".gz"))]
        else:
            left += emulator.blobs(CONTAINER, f"{self.run_id}/{self.name}/{self.name}/data/")
        return left

    def drop(self):
        try:
            self.destination.mgmt(f".drop database {self.name}")
        except kc.KustoError:
            pass
