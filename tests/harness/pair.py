"""A test case with a source and a destination cluster, and what copies between them need."""
import json
import pathlib
import subprocess
import time
import unittest

from harness import in_time, kc

# A wrong word on the command line must be answered within this time (docs: "wrong input").
REFUSAL_LIMIT_S = 2.0


class PairTest(unittest.TestCase):
    DATABASE = "Source"

    def setUp(self):
        self.folder = kc.temporary_folder("kc-e2e-")
        self.work = pathlib.Path(self.folder.name)
        self.source = kc.Local(self.work / "source").start()
        self.destination = kc.Local(self.work / "destination").start()
        self.source.mgmt(f".create database {self.DATABASE}")
        self.lake = self.work / "lake"

    def tearDown(self):
        for local in (self.source, self.destination):
            local.__exit__()
        self.folder.cleanup()

    def arguments(self, *more, lake=None, database=None):
        return ["-l", str(lake or self.lake), "-s", self.source.url, "-d", self.destination.url,
                "--db", database or self.DATABASE, *map(str, more)]

    def copy(self, *more, expect=0, **where):
        code, out, err = kc.run_copy(*self.arguments(*more, **where))
        self.assertEqual(code, expect, f"stdout: {out[-3000:]}\nstderr: {err[-3000:]}")
        return out + err

    def on_source(self, *commands):
        for command in commands:
            self.source.mgmt(command, self.DATABASE)

    def assert_same(self, table, database=None):
        wanted = kc.multiset(self.source, table, self.DATABASE)
        got = kc.multiset(self.destination, table, database or self.DATABASE)
        self.assertEqual(len(wanted - got), 0, f"{table}: lost {list(wanted - got)[:3]}")
        more = got - wanted
        self.assertEqual(len(more), 0, f"{table}: not at the source {list(more)[:3]}")

    def assert_nothing_left(self, tables, database=None):
        database = database or self.DATABASE
        got = {row["TableName"] for row in self.destination.mgmt(".show tables", database)}
        self.assertEqual(got, set(tables))
        tags = self.destination.mgmt(f".show database ['{database}'] extents "
                                     "| where isnotempty(Tags)", database)
        self.assertEqual(tags, [])
        self.assertEqual([p for p in self.lake.rglob("*")
                          if p.name.endswith((".parquet", ".gz"))], [])

    def refused(self, *args):
        """Runs kusto-copy with words that are wrong; (exit code, its one line)."""
        told = []

        def attempt():
            there = self.lake.exists()
            began = time.monotonic()
            done = subprocess.run(kc.copy_command(*args), capture_output=True, text=True,
                                  timeout=60)
            took = time.monotonic() - began
            self.assertEqual(self.lake.exists(), there, "the lake's folder came or went")
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertGreaterEqual(len(lines), 1, "nothing was said")
            self.assertLessEqual(len(lines), 2, done.stderr)
            told.append((done.returncode, " ".join(lines)))
            return took

        # What is refused changes nothing, so it can be asked again.
        self.assertLess(in_time.best_of(REFUSAL_LIMIT_S, attempt), REFUSAL_LIMIT_S)
        return told[-1]

    def json_lines(self, out):
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]
