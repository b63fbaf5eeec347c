#!/usr/bin/env python3
"""make bench: what a copy costs, as ratios of runs that alternate on the same machine.

1. A table of ROWS rows, kusto-local to kusto-local through a local folder, verified before it is
   published, against DuckDB alone reading and writing the same Parquet files twice (floor.cc).
2. One table of 10,000 rows, from the start of the process to its end.
3. The memory of kusto-copy in both.
"""
import argparse
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


def copy(source, destination, work, table, number):
    """(seconds, peak memory in MiB) of one whole run of kusto-copy."""
    lake = work / f"lake-{table}-{number}"
    command = kc.copy_command("-l", lake, "-s", source.url, "-d", destination.url, "--db",
                              f"{DATABASE}={table}{number}", "--tables-include", table)
    log = open(work / "copy.log", "wb")
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    log.close()
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit("the copy failed:\n" + (work / "copy.log").read_text()[-3000:])
    counts = [local.scalar(f"{table} | count", database) for local, database in
              ((source, DATABASE), (destination, f"{table}{number}"))]
    if counts[0] != counts[1]:
        sys.exit(f"{table}: {counts[0]} rows at the source, {counts[1]} at the destination")
    shutil.rmtree(lake)
    destination.mgmt(f".drop database {table}{number}")
    return seconds, usage.ru_maxrss / 1024


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
    out = subprocess.run([str(kc.BIN / "floor"), str(folder), str(target)], capture_output=True,
                         text=True, check=True).stdout
    shutil.rmtree(target)
    return float(out)


def measure(args, work, source, destination):
    print(f"filling {args.rows:,} rows in {EXTENTS} extents", flush=True)
    fill(source, args.rows)
    folder = extent_folder(source, work)
    ratios = []
    for number in range(args.rounds):
        base = floor(folder, work)
        seconds, memory = copy(source, destination, work, "Logs", number)
        ratios.append(seconds / base)
        print(f"round {number + 1}: copy {seconds:.2f} s, floor {base:.2f} s, "
              f"ratio {seconds / base:.2f}; kusto-copy's memory {memory:.0f} MiB", flush=True)
    print(f"copy of {args.rows:,} rows against DuckDB alone: ratio "
          f"{statistics.median(ratios):.2f} (median of {args.rounds}; goal 1.25)")
    small = [copy(source, destination, work, "Small", n) for n in range(args.rounds)]
    print(f"one table of {SMALL_ROWS:,} rows, start to verified end: "
          f"{statistics.median(s for s, _ in small):.2f} s (median; goal 1 s), "
          f"memory {max(m for _, m in small):.0f} MiB")


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
