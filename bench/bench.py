#!/usr/bin/env python3
"""make bench: what a copy costs, as ratios of runs that alternate on the same machine.

1. A table of ROWS rows, kusto-local to kusto-local through a local folder, verified before it is
   published, against DuckDB alone reading and writing the same Parquet files twice (floor.cc):
   the ratio of the times, and of the CPU times of all processes that take part, which says more
   on a machine that has other work. Then where the time of the last round went.
2. One table of 10,000 rows, from the start of the process to its end.
3. The memory of kusto-copy in both.
"""
import argparse
import collections
import dataclasses
import datetime
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness import kc  # noqa: E402

EXTENTS = 16
SMALL_ROWS = 10_000
DATABASE = "Bench"


def rows_query(first, last):
    """Log-like rows: numbers, times, a few, many and unique strings, nested dynamic."""
    return (f"range n from {first} to {last} step 1 "
            "| extend h = hash_xxhash64(tostring(n)) "
            "| extend at = datetime(2024-01-01) + n * 37ms + h % 10000 * 1tick, "
            "level = iff(h % 10 == 0, 'Error', iff(h % 3 == 0, 'Warning', 'Information')), "
            "user = strcat('user', h % 100000), took = abs(h % 1000003) / 1000.0, "
            "bytes = toint(abs(h) % 1000000), ok = h % 7 != 0, "
            "text = strcat('request ', h, ' served by host-', h % 64, ' for tenant ', h % 977), "
            "props = bag_pack('shard', h % 16, 'path', strcat('/api/', h % 500)) "
            "| project-away h")


def fill(source, rows):
    source.mgmt(f".create database {DATABASE}")
    per_extent = rows // EXTENTS
    for i in range(EXTENTS):
        source.mgmt(f".set-or-append Logs with (creationTime='2024-01-{i + 1:02}') <| "
                    + rows_query(i * per_extent, (i + 1) * per_extent - 1), DATABASE)
    source.mgmt(f".set-or-append Small <| {rows_query(0, SMALL_ROWS - 1)}", DATABASE)


@dataclasses.dataclass
class Run:
    seconds: float
    cpu: float  # of all processes that took part
    memory: float = 0  # of kusto-copy at its peak, MiB
    cpu_by_process: dict = dataclasses.field(default_factory=dict)


def timed(command, log):
    """A program's run from its start to its end."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    run = Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return os.waitstatus_to_exitcode(status), run


def cpu_of(local):
    fields = pathlib.Path(f"/proc/{local.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def copy(source, destination, work, table, number):
    """One whole run of kusto-copy."""
    lake = work / f"lake-{table}-{number}"
    command = kc.copy_command("-l", lake, "-s", source.url, "-d", destination.url, "--db",
                              f"{DATABASE}={table}{number}", "--tables-include", table)
    before = cpu_of(source), cpu_of(destination)
    with open(work / "copy.log", "wb") as log:
        code, run = timed(command, log)
    if code != 0:
        sys.exit("the copy failed:\n" + (work / "copy.log").read_text()[-3000:])
    run.cpu_by_process = {"source": cpu_of(source) - before[0],
                          "destination": cpu_of(destination) - before[1], "kusto-copy": run.cpu}
    run.cpu = sum(run.cpu_by_process.values())
    counts = [local.scalar(f"{table} | count", database) for local, database in
              ((source, DATABASE), (destination, f"{table}{number}"))]
    if counts[0] != counts[1]:
        sys.exit(f"{table}: {counts[0]} rows at the source, {counts[1]} at the destination")
    shutil.rmtree(lake)
    return run


def instant(text):
    """Seconds of a datetime that a cluster wrote."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp() + float("0." + (fraction or "0"))


def stage_of(text):
    if "bool_null = " in text:
        return "self-test"
    if "kc_h" in text:
        return "fingerprint"
    return "plan"


def stages(source, destination, table, number, began):
    """Prints how often each cluster did what since `began`, in how many seconds altogether, and
    from when to when."""
    seen = collections.defaultdict(list)
    for name, local, database in (("source", source, DATABASE),
                                  ("destination", destination, f"{table}{number}")):
        for row in local.mgmt(".show queries", database):
            if row["Application"] == "KustoCopy":
                seen[name, stage_of(row["Text"])].append(row)
        for row in local.mgmt(".show operations", database):
            if row["State"] == "Completed" and row["Operation"] != "TableSetOrAppend":
                seen[name, row["Operation"]].append(row)
    print(f"{'stage':34}{'number':>8}{'seconds':>9}{'from':>8}{'to':>8}")
    for (name, stage), rows in seen.items():
        times = [(instant(row["StartedOn"]) - began, instant(row["LastUpdatedOn"]) - began)
                 for row in rows]
        times = [t for t in times if t[0] >= 0]
        if times:
            print(f"{name + ': ' + stage:34}{len(times):8}{sum(b - a for a, b in times):9.2f}"
                  f"{min(a for a, _ in times):8.2f}{max(b for _, b in times):8.2f}")


def extent_folder(source, work):
    """The source's own Parquet files of Logs, linked into one folder."""
    folder = work / "parquet"
    folder.mkdir()
    biggest = sorted(pathlib.Path(source.storage).rglob("*.parquet"),
                     key=lambda p: -p.stat().st_size)[:EXTENTS]
    for path in biggest:
        os.link(path, folder / path.name)
    return folder


def floor(folder, work):
    target = work / "floor"
    target.mkdir()
    with open(work / "floor.log", "wb") as log:
        code, run = timed([str(kc.BIN / "floor"), str(folder), str(target)], log)
    if code != 0:
        sys.exit("DuckDB alone failed:\n" + (work / "floor.log").read_text())
    run.seconds = float((work / "floor.log").read_text())
    shutil.rmtree(target)
    return run


def measure_large(args, work, source, destination, folder):
    ratios, cpu_ratios = [], []
    for number in range(args.rounds):
        base = floor(folder, work)
        began = time.time()
        run = copy(source, destination, work, "Logs", number)
        ratios.append(run.seconds / base.seconds)
        cpu_ratios.append(run.cpu / base.cpu)
        print(f"round {number + 1}: copy {run.seconds:.2f} s ({run.cpu:.2f} s of CPU), DuckDB "
              f"alone {base.seconds:.2f} s ({base.cpu:.2f}), ratio {ratios[-1]:.2f} "
              f"({cpu_ratios[-1]:.2f}); kusto-copy's memory {run.memory:.0f} MiB", flush=True)
        if number == args.rounds - 1:
            print("where the time of this round went (stages of several blocks overlap):")
            stages(source, destination, "Logs", number, began)
            print("CPU: " + ", ".join(f"{k} {v:.2f} s" for k, v in run.cpu_by_process.items()))
        destination.mgmt(f".drop database Logs{number}")
    print(f"copy of {args.rows:,} rows against DuckDB alone: ratio "
          f"{statistics.median(ratios):.2f}, of CPU time {statistics.median(cpu_ratios):.2f} "
          f"(medians of {args.rounds}; goal 1.25)")


def measure(args, work, source, destination):
    print(f"filling {args.rows:,} rows in {EXTENTS} extents", flush=True)
    fill(source, args.rows)
    measure_large(args, work, source, destination, extent_folder(source, work))
    small = []
    for number in range(args.rounds):
        small.append(copy(source, destination, work, "Small", number))
        destination.mgmt(f".drop database Small{number}")
    print(f"one table of {SMALL_ROWS:,} rows, start to verified end: "
          f"{statistics.median(r.seconds for r in small):.2f} s (median; goal 1 s), "
          f"memory {max(r.memory for r in small):.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="kc-bench-"))
    try:
        with kc.Local(work / "source") as source, kc.Local(work / "destination") as destination:
            measure(args, work, source, destination)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
