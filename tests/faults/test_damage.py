"""A damaged checkpoint, end to end, in a local folder and in blob storage: cut, with a flipped bit,
of a newer version, removed while a copy runs. It is refused with a line that names the file and the
way out, nothing is changed; brought back from a backup, the copy goes on."""
import os
import unittest

from harness import kc, lakes, world_case
from harness.world_case import EXIT_FAILED, EXIT_REFUSED, INSTANTS

BACKUP = "bring it back from a backup"


class DamageCase:
    """Mixed into a WorldCase; self.files is the lake."""

    def setUp(self):
        super().setUp()
        self.files = self.make_lake()
        self.lake = self.files.argument

    def lake_files(self):
        return self.files.names()

    def one(self, pattern):
        names = self.files.names(pattern)
        self.assertEqual(len(names), 1, names)
        return names[0]

    def refused(self, name, damaged, say):
        """The lake with other bytes in that file, the lake as it was again."""
        whole = self.files.read(name)
        before = self.destination.mgmt(".show database extents | project ExtentId, RowCount "
                                       "| order by ExtentId asc", self.db)
        self.assertNotEqual(damaged, whole)
        self.files.write(name, damaged)
        try:
            self.assert_refused(name, damaged, say)
        finally:
            self.files.write(name, whole)
        self.assertEqual(before, self.destination.mgmt(
            ".show database extents | project ExtentId, RowCount | order by ExtentId asc", self.db))

    def assert_refused(self, name, damaged, say):
        for word in ((), ("status",)):
            arguments = (["status", "-l", self.lake, "--db", self.db] if word
                         else self.command(lake=self.lake))
            code, out, err = kc.run_copy(*arguments, timeout=60)
            said = out + err
            self.assertNotEqual(code, 0, said)
            self.assertRegex(said, say)
            if not word:
                self.assertEqual(code, EXIT_REFUSED, said)
                self.assertIn(name.split("/")[-1] if ".csv" in name else "checkpoint", said)
        self.assertEqual(self.files.read(name), damaged, "it was changed")

    def goes_on(self):
        self.append(INSTANTS)
        self.copy()
        self.ends_well()

    def test_segment_cut(self):
        self.copy()
        name = self.one(r"checkpoint/g.*\.csv$")
        whole = self.files.read(name)
        last = whole[:-1].rfind(b"\n") + 1
        for length in (len(whole) - 1, last + 20, last, len(whole) // 2):
            with self.subTest(length=length, of=len(whole)):
                self.refused(name, whole[:length], f"(?s)was cut.*{BACKUP}")
        self.goes_on()

    def test_segment_with_a_flipped_bit(self):
        self.copy()
        name = self.one(r"checkpoint/g.*\.csv$")
        whole = bytearray(self.files.read(name))
        for at in (5, len(whole) // 2, len(whole) - 30):
            with self.subTest(at=at, of=len(whole)):
                damaged = bytearray(whole)
                damaged[at] ^= 4
                self.refused(name, bytes(damaged), BACKUP)
        self.goes_on()

    def test_manifest(self):
        self.copy()
        name = self.files.manifest()
        whole = self.files.read(name)
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        self.refused(name, bytes(flipped), BACKUP)
        self.refused(name, whole[:-2], BACKUP)
        self.refused(name, b'{"format":"kusto-copy","version":9,"generation":1}',
                     "version 9, this program reads up to")
        self.goes_on()

    def test_segment_removed_while_it_runs(self):
        def remove():
            self.files.remove(self.one(r"checkpoint/g.*\.csv$"))
        self.when(self.at_destination, "ingest", remove, nth=2)
        self.copy(EXIT_FAILED, "the checkpoint was removed from the lake while the copy ran")
        self.copy(EXIT_REFUSED, f"(?s)is missing.*{BACKUP}")

    def test_all_removed_while_it_runs(self):
        def remove():
            for name in self.files.names("checkpoint/"):
                self.files.remove(name)
        self.when(self.at_destination, "ingest", remove, nth=2)
        self.copy(EXIT_FAILED, "(?i)checkpoint was removed")
        # In a folder the renewal of a lease may have come between.
        self.copy(EXIT_REFUSED, "belongs to another copy|is missing")


class FolderDamageTest(DamageCase, world_case.WorldCase):
    def make_lake(self):
        return lakes.FolderLake(self.work / f"lake-{self.db}")


class BlobDamageTest(DamageCase, world_case.WorldCase):
    def make_lake(self):
        return lakes.BlobLake(f"damage-{os.getpid()}/{self.db}")


if __name__ == "__main__":
    unittest.main()
