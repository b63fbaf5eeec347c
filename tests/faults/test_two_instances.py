"""Two kusto-copies that want the same: started together, one killed, one stopped and continued, two
checkpoints for one destination; with a local folder as lake and with blob storage
(tools/with_azurite.sh). The lease is 30 s (checkpoint/journal.h); scenarios that must wait for it
run side by side. KC_PAIRS: pairs started together (50)."""
import concurrent.futures
import itertools
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import unittest

from harness import azurite, fault_proxy, in_time, kc

PAIRS = int(os.environ.get("KC_PAIRS", "50"))
AT_ONCE = 6
LEASE_S = 30
SLACK_S = 5
EXIT_HELD, EXIT_LOST = 4, 5
CONTAINER = "instances"
EXTENTS, ROWS = 3, 200
# Besides the lease a scenario waits for whole runs of kusto-copy, several side by side. setUpClass
# measures one alone; a scenario may take SIDE_BY_SIDE times that, and LEAST_S at any rate.
SIDE_BY_SIDE = 8
LEAST_S = 5
# What doesn't come at all is given up after this.
NEVER_S = 180


class Gate:
    """Holds the first requests of a kind whose text matches, before the server sees them."""

    def __init__(self, kind, text):
        self.kind, self.text = kind, re.compile(text)
        self.arrived, self.opened = threading.Event(), threading.Event()
        self.held = []

    def hold(self, seen):
        if (seen.kind == self.kind and self.text.search(f"{seen.db} {seen.text}")
                and not self.opened.is_set()):
            self.held.append(seen)
            self.arrived.set()
            self.opened.wait(NEVER_S)


class TwoInstances(unittest.TestCase):
    numbers = itertools.count(1)  # no database is used twice

    @classmethod
    def setUpClass(cls):
        azurite.required()
        cls.folder = kc.temporary_folder("kc-two-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.source = kc.Local(cls.work / "source", "--export-capacity", "64").start()
        cls.destination = kc.Local(cls.work / "destination", "--ingestion-capacity", "64").start()
        cls.gates = []
        cls.proxies = [fault_proxy.FaultProxy("127.0.0.1", local.port, name=name)
                       for name, local in (("source", cls.source),
                                           ("destination", cls.destination))]
        for proxy in cls.proxies:
            proxy.hook = cls.hook
        cls.source.mgmt(".create database Source")
        for i in range(EXTENTS):
            cls.source.mgmt(f".set-or-append T with (creationTime='2024-{i + 1:02}-01') <| range n "
                            f"from {i * ROWS} to {(i + 1) * ROWS - 1} step 1", "Source")
        cls.expected = kc.multiset(cls.source, "T", "Source")
        azurite.create_container(CONTAINER)
        began = time.monotonic()
        code, out, err = kc.run_copy("-l", cls.work / "lake", "-s", cls.proxies[0].url, "-d",
                                     cls.proxies[1].url, "--db", "Source=Alone")
        if code != 0:
            raise AssertionError(out + err)
        cls.process_s = max(LEAST_S, SIDE_BY_SIDE * (time.monotonic() - began))

    @classmethod
    def tearDownClass(cls):
        for gate in cls.gates:
            gate.opened.set()
        for proxy in cls.proxies:
            proxy.close()
        for local in (cls.source, cls.destination):
            local.__exit__()
        cls.folder.cleanup()

    @classmethod
    def hook(cls, proxy, phase, seen):
        if phase == "before":
            for gate in list(cls.gates):
                gate.hold(seen)

    def gate(self, kind, text):
        gate = Gate(kind, text)
        self.gates.append(gate)
        return gate

    # ---- processes
    def lake(self, name, blobs):
        if blobs:
            return f"{azurite.URL}/{CONTAINER}/{self.id()}-{os.getpid()}/{name};{azurite.KEY}"
        return str(self.work / f"lake-{self.id()}-{name}")

    def start(self, database, lake, *more, machine=None):
        """`machine`: a name; instances with different ones don't see each other's processes."""
        environment = dict(os.environ)
        if machine:
            environment["XDG_RUNTIME_DIR"] = str(self.work / f"machine-{machine}")
        process = subprocess.Popen(
            kc.copy_command("-l", lake, "-s", self.proxies[0].url, "-d", self.proxies[1].url,
                            "--db", f"Source={database}", *more),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def finish(self, process, expect, timeout=NEVER_S):
        out, err = process.communicate(timeout=timeout)
        self.assertEqual(process.returncode, expect, out[-1500:] + err[-1500:])
        return out + err

    def assert_exact(self, database):
        got = kc.multiset(self.destination, "T", database)
        self.assertEqual(sum((self.expected - got).values()), 0, "lost")
        self.assertEqual(sum((got - self.expected).values()), 0, "doubled")
        tables = [row["TableName"] for row in self.destination.mgmt(".show tables", database)]
        self.assertEqual(tables, ["T"])
        tagged = self.destination.mgmt(
            f".show database {database} extents | where isnotempty(Tags)", database)
        self.assertEqual(tagged, [])

    def side_by_side(self, work, names, at_once=None):
        with concurrent.futures.ThreadPoolExecutor(at_once or len(names)) as pool:
            return list(pool.map(work, names))

    # ---- started together
    def together(self, database, blobs):
        """Seconds until the one that may not run had said so."""
        gate = self.gate("export", f"/{database}/data/")
        lake = self.lake(database, blobs)
        began = time.monotonic()
        pair = [self.start(database, lake) for _ in range(2)]
        while all(p.poll() is None for p in pair):
            self.assertLess(time.monotonic() - began, LEASE_S + SLACK_S + self.process_s,
                            "both run on and on")
            time.sleep(0.02)
        took = time.monotonic() - began
        loser, winner = pair if pair[0].poll() is not None else pair[::-1]
        said = self.finish(loser, EXIT_HELD)
        self.assertIn(f"process {winner.pid}", said)
        self.assertTrue(gate.arrived.wait(NEVER_S), "the other one doesn't work")
        gate.opened.set()
        self.finish(winner, 0)
        self.assert_exact(database)
        return took

    def run_together(self, count, blobs):
        names = [f"Pair{'Blob' if blobs else ''}{i}" for i in range(count)]
        times = self.side_by_side(lambda name: self.together(name, blobs), names, AT_ONCE)
        print(f"{count} pairs started together ({'blob storage' if blobs else 'local folder'}): "
              f"each time one ran and the other named it; the slowest after {max(times):.1f} s",
              flush=True)

    def test_started_together_one_runs(self):
        self.run_together(PAIRS - PAIRS // 5, False)

    def test_started_together_one_runs_with_blob_storage(self):
        self.run_together(max(1, PAIRS // 5), True)

    def test_one_that_looks_late_finds_the_other_running(self):
        """It saw no checkpoint yet, but what the other one made at the destination meanwhile."""
        self.destination.mgmt(".create database Late")
        looks = self.gate("show", "^Late ")
        lake = self.lake("Late", False)
        late = self.start("Late", lake)
        self.assertTrue(looks.arrived.wait(NEVER_S))
        looks.kind = "nothing"  # the other one isn't held
        works = self.gate("export", "/Late/data/")
        first = self.start("Late", lake)
        self.assertTrue(works.arrived.wait(NEVER_S))
        looks.opened.set()
        self.assertIn(f"process {first.pid}", self.finish(late, EXIT_HELD))
        works.opened.set()
        self.finish(first, 0)
        self.assert_exact("Late")

    # ---- the holder is killed
    def played(self, scenario, plan, limits):
        """Seconds of each; what took too long is played again: machines stall."""
        took = self.side_by_side(lambda p: scenario(*p), plan)
        for number, (one, seconds, limit) in enumerate(zip(plan, took, limits)):
            if seconds >= limit:
                took[number] = in_time.best_of(limit, lambda one=one: scenario(*one),
                                                in_time.TRIES - 1)
        return took

    def killed(self, name, blobs, machines):
        database = f"{name}{next(self.numbers)}"
        gate = self.gate("export", f"/{database}/data/")
        lake = self.lake(database, blobs)
        first = self.start(database, lake, machine=machines[0])
        self.assertTrue(gate.arrived.wait(NEVER_S))
        first.kill()
        first.wait()
        gate.opened.set()
        began = time.monotonic()
        second = self.start(database, lake, machine=machines[1])
        self.finish(second, 0)
        took = time.monotonic() - began
        self.assert_exact(database)
        return took

    def test_the_holder_is_killed(self):
        plan = [("KilledFolder", False, (None, None)), ("KilledBlob", True, ("a", "a")),
                ("KilledElsewhere", True, ("b", "c"))]
        limits = [self.process_s, self.process_s, LEASE_S + SLACK_S + self.process_s]
        took = self.played(self.killed, plan, limits)
        for (name, _, _), seconds, limit in zip(plan, took, limits):
            print(f"{name}: taken over and done {seconds:.1f} s after the kill", flush=True)
            self.assertLess(seconds, limit)

    # ---- the holder is stopped, taken over, and goes on
    def stopped(self, kind, blobs):
        """A holder is stopped while its request of this kind is on its way; that request arrives
        only after another one has taken over and ended. Seconds that the other one needed."""
        database = (f"Stopped{kind.title()}{'Blob' if blobs else ''}".replace("-", "") +
                    str(next(self.numbers)))
        lake = self.lake(database, blobs)
        gate = self.gate(kind, GATES[kind].format(database=database))
        first = self.start(database, lake, machine="one")
        self.assertTrue(gate.arrived.wait(NEVER_S), f"{database}: no {kind}")
        first.send_signal(signal.SIGSTOP)
        gate.kind = "nothing"  # the other one isn't held
        began = time.monotonic()
        second = self.start(database, lake, machine="two")
        self.finish(second, 0)
        took = time.monotonic() - began
        self.assert_exact(database)
        before = self.destination.mgmt(".show tables details | project TableName, TableId, "
                                       "TotalRowCount, TotalExtents", database)
        # Now what the first one had sent arrives, and it goes on.
        gate.opened.set()
        time.sleep(0.3)
        first.send_signal(signal.SIGCONT)
        said = self.finish(first, EXIT_LOST)
        self.assertRegex(said, "taken|held by another|lease")
        self.assert_exact(database)
        self.assertEqual(before, self.destination.mgmt(
            ".show tables details | project TableName, TableId, TotalRowCount, TotalExtents",
            database))
        for seen in gate.held:
            if kind == "move":
                self.assertEqual(seen.acted(), 0, "the late move had an effect")
        return took

    def test_the_holder_is_stopped(self):
        plan = [(kind, blobs) for blobs in (False, True) for kind in GATES]
        limit = LEASE_S + SLACK_S + self.process_s
        took = self.played(self.stopped, plan, [limit] * len(plan))
        for (kind, blobs), seconds in zip(plan, took):
            print(f"stopped with its {kind} on the way ({'blobs' if blobs else 'folder'}): taken "
                  f"over and done after {seconds:.1f} s; continued: 'lease lost', no effect",
                  flush=True)
            self.assertLess(seconds, limit)

    # ---- two checkpoints, one destination
    def test_another_checkpoint_for_the_same_tables_is_refused(self):
        first = self.start("Owned", self.lake("a", False))
        self.finish(first, 0)
        second = self.start("Owned", self.lake("b", False))
        said = self.finish(second, 3)
        self.assertIn("another copy", said)
        self.destination.mgmt(".drop function KC_Status", "Owned")
        third = self.start("Owned", self.lake("c", False))
        self.assertIn("holds 600 rows", self.finish(third, 3))
        self.assert_exact("Owned")

    def both(self, database):
        gate = self.gate("export", f"/{database}/data/")
        pair = [self.start(database, self.lake(f"{database}-{i}", False)) for i in range(2)]
        deadline = time.monotonic() + 30
        while all(p.poll() is None for p in pair) and time.monotonic() < deadline:
            time.sleep(0.02)
        gate.opened.set()
        ended = [p.communicate(timeout=NEVER_S) for p in pair]
        codes = sorted(p.returncode for p in pair)
        self.assertEqual(codes[0], 0, ended)
        self.assertIn(codes[1], (1, 3), ended)
        loser = ended[0 if pair[0].returncode else 1]
        self.assertRegex(loser[0] + loser[1], "another copy|rows that this copy didn't")
        self.assert_exact(database)

    def test_two_checkpoints_started_together(self):
        names = [f"Both{i}" for i in range(max(2, PAIRS // 5))]
        self.side_by_side(self.both, names, AT_ONCE)
        print(f"{len(names)} pairs with different checkpoints for one destination: each time one "
              "was refused", flush=True)


# How the request of a kind is known to be of this destination: by the lake folder in its text, or
# by the database that it is sent to.
GATES = {"export": "/{database}/data/", "ingest": "^{database} ", "move": "^{database} "}


if __name__ == "__main__":
    unittest.main()
