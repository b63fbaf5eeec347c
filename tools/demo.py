#!/usr/bin/env python3
"""The demo: two local clusters as processes, a database of real tables, a copy that is killed half
way and started again, and the proof that nothing is missing. Exit code 0 only if all is exact."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness import hard_values, kc  # noqa: E402

DATA = ROOT / "tests/npm/node_modules/vega-datasets/data"
DATABASE = "Samples"
# Copying starts while planning goes on: half way is when this share of the rows has arrived.
KILL_AT = 0.4
FLIGHT_SLICES = 24

AIRPORTS = ("iata:string, name:string, city:string, state:string, country:string, "
            "latitude:real, longitude:real")
STRIKES = ("['Airport Name']:string, ['Aircraft Make Model']:string, ['Effect']:string, "
           "['Flight Date']:datetime, ['Aircraft Airline Operator']:string, "
           "['Origin State']:string, ['Phase of flight']:string, ['Wildlife Size']:string, "
           "['Wildlife Species']:string, ['Time of day']:string, ['Cost Other']:long, "
           "['Cost Repair']:long, ['Cost Total $']:long, ['Speed IAS in knots']:int")
ZIPCODES = ("zip_code:string, latitude:real, longitude:real, city:string, state:string, "
            "county:string")
WEATHER = ("location:string, ['date']:datetime, precipitation:real, temp_max:real, temp_min:real, "
           "wind:real, weather:string")
JOBS = "job:string, sex:string, year:int, ['count']:long, perc:real"
FLIGHTS = "['date']:datetime, delay:int, distance:int, origin:string, destination:string"


def say(text=""):
    print(text, flush=True)


def step(number, text):
    say(f"\n=== {number}. {text}")


def ingest(local, table, schema, path, kind, mapping=None, header=False):
    local.mgmt(f".create table {table} ({schema})", DATABASE)
    properties = [f"format='{kind}'"]
    if header:
        properties.append("ignoreFirstRecord=true")
    if mapping:
        properties.append(f"ingestionMapping='{json.dumps(mapping)}'")
    local.mgmt(f".ingest into table {table} (@'{path}') with ({', '.join(properties)})", DATABASE)


def whole_record(column):
    return [{"Column": column, "Properties": {"Path": "$"}}]


def load_flights(local):
    """3,000,000 real rows, in slices with creation times of their own, days apart."""
    ingest(local, "FlightsRaw", FLIGHTS, DATA / "flights-3m.parquet", "parquet")
    first, last = local.query("FlightsRaw | summarize min(['date']), max(['date'])", DATABASE)[1][0]
    local.mgmt(f".create table Flights ({FLIGHTS}) with (docstring='US flights', folder='Real')",
               DATABASE)
    for i in range(FLIGHT_SLICES):
        bounds = (f"let a = datetime({first}); let b = datetime({last}); "
                  f"let width = (b - a) / {FLIGHT_SLICES}; ")
        upper = "true" if i == FLIGHT_SLICES - 1 else f"['date'] < a + {i + 1} * width"
        created = f"2024-{i // 2 + 1:02}-{1 + 14 * (i % 2):02}T00:00:00Z"
        local.mgmt(f".append Flights with (creationTime='{created}') <| {bounds}"
                   f"FlightsRaw | where ['date'] >= a + {i} * width and {upper}", DATABASE)
    local.mgmt(".drop table FlightsRaw", DATABASE)


def load(local, work):
    local.mgmt(f".create database {DATABASE}")
    load_flights(local)
    ingest(local, "Airports", AIRPORTS, DATA / "airports.csv", "csv", header=True)
    ingest(local, "Birdstrikes", STRIKES, DATA / "birdstrikes.csv", "csv", header=True)
    ingest(local, "Zipcodes", ZIPCODES, DATA / "zipcodes.csv", "csv", header=True)
    ingest(local, "Weather", WEATHER, DATA / "weather.csv", "csv", header=True)
    ingest(local, "Jobs", JOBS, DATA / "jobs.json", "multijson")
    ingest(local, "Movies", "movie:dynamic", DATA / "movies.json", "multijson",
           whole_record("movie"))
    quakes = work / "earthquakes.json"
    features = json.loads((DATA / "earthquakes.json").read_text())["features"]
    quakes.write_text("\n".join(json.dumps(feature) for feature in features))
    ingest(local, "Earthquakes", "quake:dynamic", quakes, "json", whole_record("quake"))
    local.mgmt(f".set-or-append HardValues <| {hard_values.datatable()}", DATABASE)
    local.mgmt(".create table ['An empty table, with \"quotes\"'] (['a b']:long)", DATABASE)
    local.mgmt(".create-or-alter function Delayed(minutes:int) "
               "{ Flights | where delay >= minutes }", DATABASE)
    local.mgmt(".alter table Flights policy caching hot = 30d", DATABASE)


def count_all(local):
    rows = local.mgmt(".show tables", DATABASE)
    names = [row["TableName"] for row in rows]
    return {n: local.scalar("['" + n.replace("'", "\\'") + "'] | count", DATABASE)
            for n in names if not n.startswith("kc")}


def arrived(local):
    try:
        return local.scalar("Flights | count", DATABASE)
    except (kc.KustoError, OSError):
        return 0


def copy_until_killed(command, destination, wanted):
    process = subprocess.Popen(command)
    while process.poll() is None:
        rows = arrived(destination)
        if rows >= wanted:
            process.send_signal(signal.SIGKILL)
            process.wait()
            say(f"--- kill -9 with {rows:,} rows of Flights at the destination")
            return
        time.sleep(0.02)
    say(f"--- the copy ended (exit code {process.returncode}) before it could be killed")
    if process.returncode != 0:
        sys.exit(process.returncode)


def compare(source, destination):
    """The demo's own check beside the tool's: counts of all tables, every value of HardValues."""
    wanted, got = count_all(source), count_all(destination)
    wrong = [f"{name}: {rows} rows at the source, {got.get(name)} at the destination"
             for name, rows in wanted.items() if got.get(name) != rows]
    if kc.multiset(source, "HardValues", DATABASE) != kc.multiset(
            destination, "HardValues", DATABASE):
        wrong.append("HardValues: the values differ")
    left = [row["TableName"] for row in destination.mgmt(".show tables", DATABASE)
            if row["TableName"] not in wanted]
    if left:
        wrong.append(f"left behind at the destination: {', '.join(left)}")
    return wanted, wrong


def show_status(destination):
    names, rows = destination.query(
        "KC_Status() | summarize arg_max(Updated, *) by Level, TableName, BlockId "
        "| summarize Entries=count() by Level, State | order by Level asc, State asc", DATABASE)
    say("  " + " | ".join(names))
    for row in rows:
        say("  " + " | ".join(str(value) for value in row))


def run(work, lake):
    step(1, "two clusters, each a process of its own")
    with kc.Local(work / "source") as source, kc.Local(work / "destination") as destination:
        say(f"source {source.url}, destination {destination.url}")
        step(2, f"database {DATABASE}: the real tables of the npm package vega-datasets, "
                "and a table of hard values")
        started = time.monotonic()
        load(source, work)
        counts = count_all(source)
        for name, rows in sorted(counts.items(), key=lambda item: -item[1]):
            say(f"  {rows:>9,}  {name}")
        say(f"loaded in {time.monotonic() - started:.1f} s")
        step(3, "the copy, killed half way")
        command = kc.copy_command("-l", lake, "-s", source.url, "-d", destination.url,
                                  "--db", DATABASE)
        say("$ kusto-copy " + " ".join(command[1:]).replace(str(work), "/tmp/demo"))
        started = time.monotonic()
        copy_until_killed(command, destination, counts["Flights"] * KILL_AT)
        step(4, "the same command again: it goes on where it was")
        code = subprocess.run(command).returncode
        took = time.monotonic() - started
        if code != 0:
            say(f"the copy failed with exit code {code}")
            return code
        step(5, "kusto-copy verify: counts and content fingerprints, by table and by day")
        verified = subprocess.run(kc.copy_command(
            "verify", "-l", lake, "-s", source.url, "-d", destination.url, "--db", DATABASE))
        step(6, "KC_Status() in the destination database")
        show_status(destination)
        totals, wrong = compare(source, destination)
        for line in wrong:
            say("WRONG " + line)
        exact = not wrong and verified.returncode == 0
        say(f"\n{sum(totals.values()):,} rows in {len(totals)} tables, {took:.1f} s with the kill "
            f"and the restart: {'all exact' if exact else 'NOT exact'}")
        return 0 if exact else 1


def azurite_lake(work):
    """A container of the storage emulator that tools/with_azurite.sh has started."""
    url, key = os.environ["KC_AZURITE_URL"], os.environ["KC_AZURITE_KEY"]
    del work
    script = ("const {BlobServiceClient:B,StorageSharedKeyCredential:S}="
              "require('@azure/storage-blob');"
              f"new B('{url}',new S('devstoreaccount1','{key}')).createContainer('demo')"
              ".then(()=>0,e=>{console.error(e.message);process.exit(1)})")
    subprocess.run(["node", "-e", script], cwd=ROOT / "tests/npm", check=True)
    return f"{url}/demo/samples;{key}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", choices=["local", "azurite"], default="local")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the clusters")
    args = parser.parse_args()
    if args.lake == "azurite" and "KC_AZURITE_URL" not in os.environ:
        os.execv(ROOT / "tools/with_azurite.sh", ["with_azurite.sh", *sys.argv])
    work = pathlib.Path(tempfile.mkdtemp(prefix="kusto-copy-demo-"))
    try:
        lake = azurite_lake(work) if args.lake == "azurite" else str(work / "lake")
        return run(work, lake)
    finally:
        if args.keep:
            say(f"kept: {work}")
        else:
            subprocess.run(["rm", "-rf", str(work)], check=False)


if __name__ == "__main__":
    sys.exit(main())
