"""The disk is full: at kusto-copy (the lake with the checkpoint), at the source, at the
destination. An error names the path, the exit code is right, nothing is lost; with space again the
same command goes on and ends exact."""
import os
import subprocess
import unittest

from harness import kc, small_disk, world_case
from harness.world_case import EXIT_FAILED, EXIT_REFUSED, EXIT_STOPPED

FULL = r"(No space left on device|File too large)"


class FullDiskCase(world_case.WorldCase):
    """A part of the world lies on a small disk."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.disk = small_disk.SmallDisk(cls.work / "small")

    @classmethod
    def start_again(cls, local):
        """The cluster anew, with its storage on the small disk."""
        local.stop()
        local.storage = str(cls.disk.path / "storage")
        local.preexec = cls.disk.preexec
        local.start()

    def run_copy(self, *arguments):
        """As in WorldCase, but self.process is known while it runs."""
        self.process = subprocess.Popen(kc.copy_command(*arguments), stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True,
                                        preexec_fn=self.disk.preexec)
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said


class FullLakeTest(FullDiskCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Where the lake can't lie on the disk, because the clusters would not see it, the source's
        # storage does: it fills up all the same.
        if cls.disk.kind != "mount":
            cls.start_again(cls.source)

    def setUp(self):
        super().setUp()
        if self.disk.kind == "mount":
            self.lake = self.disk.path / f"lake{self.number}"

    def test_full_while_it_copies(self):
        """The checkpoint can't be written: the copy ends, for what isn't recorded isn't done."""
        self.when(self.at_destination, "ingest", lambda: self.disk.fill(self.process.pid), nth=2)
        self.copy(EXIT_FAILED, f"checkpoint/g.*{FULL}")
        self.disk.free(self.process.pid)
        self.copy()
        self.ends_well()

    def test_full_while_the_source_exports(self):
        """The source can't write the rows into the lake."""
        if self.disk.kind != "mount":
            pid = self.source.process.pid
        else:
            pid = 0
        self.when(self.at_source, "export", lambda: self.disk.fill(pid), nth=2, text="'T'")
        said = self.copy(EXIT_FAILED if self.disk.kind == "mount" else EXIT_STOPPED, FULL)
        self.assertIn(str(self.lake if pid == 0 else self.source.storage), said)
        self.disk.free(pid)
        self.copy()
        self.ends_well()

    def test_full_before_it_starts(self):
        if self.disk.kind == "limit":
            before = self.disk.preexec
            self.disk.preexec = lambda: (before(), self.disk.fill(os.getpid()))
        else:
            self.disk.fill(0)
        self.copy(EXIT_REFUSED, f"{self.lake}.*{FULL}")
        names = {row["DatabaseName"] for row in self.destination.mgmt(".show databases")}
        self.assertNotIn(self.db, names)
        if self.disk.kind == "limit":
            self.disk.preexec = before
        else:
            self.disk.free(0)
        self.copy()
        self.ends_well()


class FullClusterCase(FullDiskCase):
    def setUp(self):
        super().setUp()
        self.lake = self.work / f"lake{self.number}"

    def rows_after_a_restart(self, local):
        before = {t: self.rows(local, t) for t in ("T", "Other")}
        local.kill()
        local.start()
        for table, rows in before.items():
            self.assertEqual(self.rows(local, table), rows, table)


class FullSourceTest(FullClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_again(cls.source)

    def test_full_while_it_exports(self):
        pid = self.source.process.pid
        self.when(self.at_source, "export", lambda: self.disk.fill(pid), nth=2, text="'T'")
        said = self.copy(EXIT_STOPPED, f"T: .*{FULL}")
        self.assertIn(str(self.source.storage), said)
        self.disk.free(pid)
        self.copy()
        self.ends_well()
        self.rows_after_a_restart(self.source)

    def test_full_while_rows_come(self):
        """An ingestion that doesn't fit is refused as a whole."""
        before = self.rows(self.source, "T")
        pid = self.source.process.pid
        self.disk.fill(pid)
        with self.assertRaisesRegex(kc.KustoError, FULL) as refused:
            self.append(world_case.INSTANTS)
        self.assertIn(str(self.source.storage), str(refused.exception))
        self.assertEqual(self.rows(self.source, "T"), before)
        self.disk.free(pid)
        self.append(world_case.INSTANTS)
        self.rows_after_a_restart(self.source)
        self.copy()
        self.ends_well()


class FullDestinationTest(FullClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_again(cls.destination)

    def stops_and_goes_on(self, kind, **more):
        pid = self.destination.process.pid
        self.when(self.at_destination, kind, lambda: self.disk.fill(pid), **more)
        # The table stops, or the whole copy, if it is its own bookkeeping that finds no space.
        said = self.copy((EXIT_FAILED, EXIT_STOPPED), FULL)
        self.assertIn(str(self.destination.storage), said)
        self.disk.free(pid)
        self.copy()
        self.ends_well()
        self.rows_after_a_restart(self.destination)

    def test_full_while_it_ingests(self):
        self.stops_and_goes_on("ingest", nth=2)

    def test_full_while_it_moves(self):
        self.stops_and_goes_on("move", nth=2, text="'T'")


if __name__ == "__main__":
    unittest.main()
