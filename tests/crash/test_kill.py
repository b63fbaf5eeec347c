"""kill -9 of kusto-copy and of either kusto-local at random moments, again and again, until the
copy has ended; then every row is compared. KC_KILLS sets the number of kills (50), KC_SEED the
seed."""
import os
import pathlib
import random
import signal
import subprocess
import time
import unittest

from harness import hard_values, kc

KILLS = int(os.environ.get("KC_KILLS", "50"))
SEED = int(os.environ.get("KC_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
KILLS_PER_COPY = 5
DATABASE = "Source"
EXTENTS = 12
ROWS_PER_EXTENT = 20_000
# A copy that isn't done after this many starts is stuck.
MAX_STARTS = 60


def fill(source):
    source.mgmt(f".create database {DATABASE}")
    source.mgmt(".create table Events (n:long, at:datetime, word:string, x:real, j:dynamic)",
                DATABASE)
    for i in range(EXTENTS):
        source.mgmt(
            f".append Events with (creationTime='2024-{i + 1:02}-01') <| "
            f"range n from {i * ROWS_PER_EXTENT} to {(i + 1) * ROWS_PER_EXTENT - 1} step 1 "
            "| extend at=datetime(2024-01-01)+n*1234567tick, word=strcat('w', n % 1000), "
            "x=n/7.0, j=bag_pack('k', n)", DATABASE)
    source.mgmt(f".set-or-append HardValues <| {hard_values.datatable()}", DATABASE)
    for i in range(3):
        source.mgmt(f".set-or-append ['Small {i}'] <| range n from 1 to {10 ** i} step 1",
                    DATABASE)
    source.mgmt(".create table Empty (a:long)", DATABASE)


class KillTest(unittest.TestCase):
    def setUp(self):
        self.folder = kc.temporary_folder("kc-kill-")
        self.work = pathlib.Path(self.folder.name)
        self.source = kc.Local(self.work / "source").start()
        self.destination = kc.Local(self.work / "destination").start()
        self.random = random.Random(SEED)

    def tearDown(self):
        for local in (self.source, self.destination):
            local.__exit__()
        self.folder.cleanup()

    def command(self, number):
        return kc.copy_command("-l", self.work / f"lake{number}", "-s", self.source.url, "-d",
                               self.destination.url, "--db", f"{DATABASE}=Copy{number}")

    def copy_with_kills(self, number, usual_s):
        """Runs one copy to its end through KILLS_PER_COPY kills; (kills, starts)."""
        kills = starts = 0
        while starts < MAX_STARTS:
            starts += 1
            log = open(self.work / f"copy{number}.log", "ab")
            process = subprocess.Popen(self.command(number), stdout=log, stderr=log)
            victim = self.random.choice(["copy", "copy", "source", "destination"])
            if kills < KILLS_PER_COPY:
                try:
                    process.wait(self.random.uniform(0, usual_s))
                except subprocess.TimeoutExpired:
                    kills += 1
                    if victim == "copy":
                        process.send_signal(signal.SIGKILL)
                    else:
                        local = getattr(self, victim)
                        local.kill()
                        time.sleep(self.random.uniform(0, 0.3))
                        local.start()
            try:
                code = process.wait(300)
            except subprocess.TimeoutExpired:
                process.kill()
                self.fail(f"copy {number} hangs (seed {SEED})")
            log.close()
            if code == 0:
                return kills, starts
        tail = (self.work / f"copy{number}.log").read_text()[-3000:]
        self.fail(f"copy {number} did not end after {starts} starts (seed {SEED}): {tail}")

    def check(self, number, expected):
        database = f"Copy{number}"
        lost = doubled = 0
        for table, rows in expected.items():
            got = kc.multiset(self.destination, table, database)
            lost += sum((rows - got).values())
            doubled += sum((got - rows).values())
        tables = {row["TableName"] for row in self.destination.mgmt(".show tables", database)}
        left = sorted(tables - set(expected))
        tagged = self.destination.mgmt(
            f".show database {database} extents | where isnotempty(Tags) | project TableName, Tags",
            database)
        lake = self.work / f"lake{number}"
        blobs = [str(p) for p in lake.rglob("*") if p.name.endswith((".parquet", ".gz"))]
        self.assertEqual((lost, doubled, left, tagged, blobs), (0, 0, [], [], []),
                         f"seed {SEED}, copy {number}: rows lost or changed, rows doubled or "
                         "changed, tables left, tags left, blobs left")

    def test_kill_anywhere(self):
        fill(self.source)
        tables = [row["TableName"] for row in self.source.mgmt(".show tables", DATABASE)]
        expected = {table: kc.multiset(self.source, table, DATABASE) for table in tables}
        began = time.monotonic()
        done = subprocess.run(self.command(0), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        usual_s = time.monotonic() - began
        self.check(0, expected)
        kills = starts = copies = 0
        while kills < KILLS:
            copies += 1
            self.assertLess(copies, KILLS, "the copies end before they can be killed")
            more_kills, more_starts = self.copy_with_kills(copies, usual_s)
            kills += more_kills
            starts += more_starts
            self.check(copies, expected)
            self.destination.mgmt(f".drop database Copy{copies}")
        print(f"seed {SEED}: {kills} kills in {copies} copies ({starts} starts; one undisturbed "
              f"copy takes {usual_s:.1f} s): 0 lost, 0 doubled, 0 changed, 0 left behind",
              flush=True)


if __name__ == "__main__":
    unittest.main()
