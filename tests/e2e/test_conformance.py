"""The conformance suite (tests/conformance) against a real kusto-local."""
import os
import pathlib
import subprocess
import unittest

from harness import kc


class ConformanceTest(unittest.TestCase):
    def test_kusto_local_passes_the_suite(self):
        with kc.temporary_folder() as folder:
            work = pathlib.Path(folder)
            # No merges meanwhile: cases look at single extents.
            local = kc.Local(work / "cluster", "--maintenance-interval", "3600",
                             "--export-capacity", "4")
            with local.start():
                environment = dict(os.environ, KC_CLUSTER=local.url, KC_LAKE=str(work / "lake"))
                done = subprocess.run([str(kc.BIN / "conformance_test"), "--gtest_brief=1"],
                                      env=environment, capture_output=True, text=True, timeout=300)
                self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
