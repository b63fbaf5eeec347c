"""Wrong clocks between real processes (libfaketime): kusto-copy's, either cluster's or the
storage's is a day off, runs double, or is set back or forward while a copy runs. Whatever they
show, the copy ends exact: what decides is cursors, ids and monotonic time."""
import os
import signal
import subprocess
import unittest

from harness import false_clock, in_time, kc, own_storage, world_case
from harness.world_case import INSTANTS

# What a clock may show from the start on, and what it is set to while a copy runs; all of it with
# KC_FAULTS=all, else one of each for each clock.
WRONG = ("+1d", "-1d", "+0 x2")
STEPS = (("+0", "-1d"), ("+0", "+1d"), ("-1d", "+0"))
ALL = os.environ.get("KC_FAULTS") == "all"


def some(cases, first):
    return cases if ALL else (cases[first % len(cases)],)


class ClockCase(world_case.WorldCase):
    """Each of the three programs has a clock of its own."""

    @classmethod
    def prepare(cls):
        cls.clocks = {name: false_clock.FalseClock(cls.work / f"clock-{name}")
                      for name in ("copy", "source", "destination")}
        cls.source.environment = cls.clocks["source"].environment
        cls.destination.environment = cls.clocks["destination"].environment
        cls.environment = cls.clocks["copy"].environment

    def tearDown(self):
        for clock in self.clocks.values():
            clock.set(clock.TRUE)
        super().tearDown()

    def lasts(self, i):
        """More rows, then another copy that brings them."""
        self.append(INSTANTS + i)
        self.copy()
        self.ends_well()

    def wrong_from_the_start(self, name, first=0):
        for i, shown in enumerate(some(WRONG, first)):
            with self.subTest(clock=name, shows=shown):
                self.clocks[name].set(shown)
                self.lasts(2 * i)
                # And when somebody has put it right.
                self.clocks[name].set("+0")
                self.lasts(2 * i + 1)

    def set_while_it_copies(self, name, first=0):
        for i, (before, after) in enumerate(some(STEPS, first)):
            with self.subTest(clock=name, shows=before, then=after):
                self.clocks[name].set(before)
                self.append(INSTANTS + 3 * i)
                self.append(INSTANTS + 3 * i + 1)
                self.when(self.at_destination, "ingest",
                          lambda to=after: self.clocks[name].set(to))
                self.copy()
                self.ends_well()
                self.lasts(3 * i + 2)


class CopyClockTest(ClockCase):
    def test_wrong_from_the_start(self):
        self.wrong_from_the_start("copy")

    def test_set_while_it_copies(self):
        self.set_while_it_copies("copy")

    def continuous(self, step):
        """The clock is set while a continuous copy waits for its next iteration."""
        said = open(self.work / f"{self.db}.log", "w+")
        process = subprocess.Popen(
            kc.copy_command(*self.command("--continuous", "--rpo", "1s")), stdout=said,
            stderr=said, env=self.environment)
        try:
            self.wait_for(INSTANTS)
            self.clocks["copy"].set(step)
            for i in range(INSTANTS, INSTANTS + 3):
                self.append(i)
                self.wait_for(i + 1)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 130)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            said.seek(0)
            text = said.read()
            said.close()
        self.assertNotIn("in -", text)  # no iteration took a negative time
        self.copy()
        self.ends_well()

    def wait_for(self, instants):
        wanted = instants * world_case.ROWS_PER_INSTANT
        def there():
            try:
                return self.destination.scalar("T | count", self.db) == wanted
            except kc.KustoError:
                return False
        in_time.until(there, f"{wanted} rows don't come")

    def test_the_backfill_horizon_is_by_the_sources_clock(self):
        """An hour back by a clock that is a day ahead would be nothing at all."""
        self.clocks["copy"].set("+1d")
        self.copy(more=["--backfillHorizon", "1h"])
        self.ends_well()

    def test_set_back_between_two_iterations(self):
        self.continuous("-1d")

    def test_set_forward_between_two_iterations(self):
        self.continuous("+1d")


class SourceClockTest(ClockCase):
    def test_wrong_from_the_start(self):
        self.wrong_from_the_start("source", 2)

    def test_set_while_it_copies(self):
        self.set_while_it_copies("source", 2)

    def test_set_back_and_started_again(self):
        """Cursors go up although the clock went back while the cluster was down."""
        self.copy()
        self.clocks["source"].set("-1d")
        self.source.stop()
        self.source.start()
        self.lasts(0)


class DestinationClockTest(ClockCase):
    def test_wrong_from_the_start(self):
        self.wrong_from_the_start("destination", 1)

    def test_set_while_it_copies(self):
        self.set_while_it_copies("destination", 1)


class StorageClockTest(own_storage.OwnStorageCase, ClockCase):
    """Signatures and addresses that are good for a while are made by the storage's clock."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.clocks["storage"] = cls.storage_clock

    def test_wrong_from_the_start(self):
        self.wrong_from_the_start("storage")

    def test_set_while_it_copies(self):
        self.set_while_it_copies("storage", 1)

    def test_copys_clock_is_wrong_and_storages_is_not(self):
        self.wrong_from_the_start("copy")


if __name__ == "__main__":
    unittest.main()
