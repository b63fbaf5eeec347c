"""What the tests of a changing world share: two clusters behind proxies that can hold a request
while something is changed, and the checks that follow every change."""
import pathlib
import re
import threading
import unittest

from harness import fault_proxy, kc

ROWS_PER_INSTANT = 100
INSTANTS = 6
# The clusters' own rounds (retention, tags), so that nothing has to wait for half a minute.
MAINTENANCE_S = "0.3"
COLUMNS = "n:long, at:datetime, word:string, x:real, j:dynamic"

EXIT_OK, EXIT_FAILED, EXIT_REFUSED, EXIT_DIFFERENT, EXIT_STOPPED = 0, 1, 3, 6, 7


class Moment:
    """Does something once, while the nth request of a kind passes a proxy: before the server gets
    it or after it acted. The request waits until it is done. `text` narrows it down: 'T' is
    table T, whether a command names it or a query. `held` is the text of that request."""

    def __init__(self, proxy, kind, action, nth=1, phase="before", text=""):
        self.kind, self.action, self.nth, self.phase = kind, action, nth, phase
        self.text = text.replace("'", "['\"]")
        self.met, self.done, self.error, self.held = 0, threading.Event(), None, ""
        self.lock = threading.Lock()
        proxy.hook = self

    def __call__(self, _, phase, seen):
        if phase != self.phase or seen.kind != self.kind or not re.search(self.text, seen.text):
            return
        with self.lock:
            self.met += 1
            if self.met != self.nth:
                return
            self.held = seen.text
        try:
            self.action()
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.error = error
        self.done.set()


class WorldCase(unittest.TestCase):
    """One pair of clusters for all tests of a class; each test has a database and a lake."""
    number = 0
    disk = None  # a SmallDisk that parts of the world lie on
    environment = None  # of kusto-copy

    @classmethod
    def setUpClass(cls):
        cls.folder = kc.temporary_folder("kc-world-")
        cls.work = pathlib.Path(cls.folder.name)
        options = ["--maintenance-interval", MAINTENANCE_S]
        cls.source = kc.Local(cls.work / "source", *options)
        cls.destination = kc.Local(cls.work / "destination", *options)
        cls.prepare()
        cls.source.start()
        cls.destination.start()
        cls.at_source = fault_proxy.FaultProxy.of_url(cls.source.url, name="source")
        cls.at_destination = fault_proxy.FaultProxy.of_url(cls.destination.url, name="destination")

    @classmethod
    def prepare(cls):
        """What a class wants of the clusters before they start."""

    @classmethod
    def tearDownClass(cls):
        cls.at_source.close()
        cls.at_destination.close()
        cls.source.__exit__()
        cls.destination.__exit__()
        if cls.disk:
            cls.disk.close()
        cls.folder.cleanup()

    def setUp(self):
        WorldCase.number += 1
        self.db = f"W{WorldCase.number}"
        self.lake = self.work / f"lake{WorldCase.number}"
        self.source.mgmt(f".create database {self.db}")
        for i in range(INSTANTS):
            self.append(i)
        self.on_source(".set-or-append Other <| range n from 1 to 50 step 1")
        self.moment = None

    def tearDown(self):
        self.at_source.hook = self.at_destination.hook = None
        self.at_source.clear()
        self.at_destination.clear()
        self.source.mgmt(f".drop database {self.db}")

    # ---- the world
    def append(self, i, created=None):
        """One instant of ingestion: rows that no other instant has."""
        when = f" with (creationTime='{created}')" if created else ""
        self.on_source(
            f".set-or-append T{when} <| range n from {i * ROWS_PER_INSTANT} to "
            f"{(i + 1) * ROWS_PER_INSTANT - 1} step 1 | extend at=datetime(2024-01-01)+n*1h, "
            f"word=strcat('w', n % 7), x=n/8.0, j=bag_pack('k', n)")

    def on_source(self, *commands):
        for command in commands:
            self.source.mgmt(command, self.db)

    def on_destination(self, *commands):
        for command in commands:
            self.destination.mgmt(command, self.db)

    def at_the_source(self, kind, *commands, **more):
        """Changes the source while the copy's request of that kind waits."""
        self.when(self.at_source, kind, lambda: self.on_source(*commands), **more)

    def at_the_destination(self, kind, *commands, **more):
        self.when(self.at_destination, kind, lambda: self.on_destination(*commands), **more)

    def when(self, proxy, kind, action, **more):
        self.moment = Moment(proxy, kind, action, **more)

    def instant(self, table, i):
        """The extents of the table's ith instant at the source, as a list for a command."""
        times = self.source.rows(f"['{table}'] | summarize by e=tostring(extent_id()), "
                                 "t=ingestion_time() | order by t asc", self.db)
        return times[i]["e"]

    # ---- the copy
    def command(self, *more, lake=None):
        # One block at a time, so that a moment is the same moment in every run.
        return ["-l", str(lake or self.lake), "-s", self.at_source.url, "-d",
                self.at_destination.url, "--db", self.db, "--block-rows", str(ROWS_PER_INSTANT),
                "--export-slots", "1", "--ingestion-slots", "1", *more]

    def run_copy(self, *arguments):
        """Its exit code and all that it said."""
        code, out, err = kc.run_copy(*arguments, timeout=120, environment=self.environment)
        return code, out + err

    def copy(self, expect=EXIT_OK, say=None, more=(), lake=None):
        """Runs the copy to its end, which must be with that exit code, saying that. If something
        was to happen meanwhile, it must have happened."""
        code, said = self.run_copy(*self.command(*more, lake=lake))
        if self.moment:
            self.assertTrue(self.moment.done.wait(10), f"the moment never came: {said[-2000:]}")
            self.assertIsNone(self.moment.error, said[-2000:])
            self.moment = self.at_source.hook = self.at_destination.hook = None
        self.assertIn(code, [expect] if isinstance(expect, int) else expect, said[-3000:])
        if say:
            self.assertRegex(said, say)
        return said

    # ---- the checks
    def rows(self, local, table):
        return kc.multiset(local, table, self.db)

    def assert_exact(self, *tables, wanted=None):
        """The destination's rows are the source's (or those wanted): none lost, none doubled."""
        for table in tables or ("T", "Other"):
            expected = wanted if wanted is not None else self.rows(self.source, table)
            got = self.rows(self.destination, table)
            self.assertEqual(sum((expected - got).values()), 0, f"{table}: lost")
            self.assertEqual(sum((got - expected).values()), 0, f"{table}: too many")

    def verify(self, expect=EXIT_OK, say=None, more=()):
        code, out, err = kc.run_copy("verify", "-l", self.lake, "-s", self.at_source.url, "-d",
                                     self.at_destination.url, "--db", self.db, *more,
                                     environment=self.environment)
        self.assertEqual(code, expect, out + err)
        if say:
            self.assertRegex(out + err, say)
        return out + err

    def assert_clean(self, tables=("Other", "T")):
        """Nothing is left behind: no staging table, no tag, no file of rows."""
        got = sorted(r["TableName"] for r in self.destination.mgmt(".show tables", self.db))
        self.assertEqual(got, sorted(tables))
        tags = self.destination.mgmt(f".show database ['{self.db}'] extents "
                                     "| where isnotempty(Tags)", self.db)
        self.assertEqual(tags, [])
        self.assertEqual([name for name in self.lake_files()
                          if name.endswith((".parquet", ".gz"))], [])

    def lake_files(self):
        return [str(path) for path in self.lake.rglob("*")]

    def ends_well(self):
        self.assert_exact()
        self.verify()
        self.assert_clean()
