"""A copy that is killed and started again when the clusters have forgotten its operations: after
more than six hours on a real cluster; here the logs of operations are removed while the clusters
are stopped. What became of each step is then told by the extents alone."""
import pathlib
import shutil
import signal
import subprocess
import unittest

from harness import kc, world_case

# (kind of request, at the source?, before or after the server acted)
MOMENTS = [("export", True, "before"), ("export", True, "after"), ("poll", True, "before"),
           ("details", True, "after"), ("ingest", False, "before"), ("ingest", False, "after"),
           ("poll", False, "after"), ("verify", False, "after"), ("move", False, "before"),
           ("move", False, "after"), ("drop-tags", False, "after")]


class LongPauseTest(world_case.WorldCase):
    def killed_at(self, kind, at_source, phase):
        """Runs the copy and kills it at the second such request."""
        proxy = self.at_source if at_source else self.at_destination
        process = subprocess.Popen([str(kc.BIN / "kusto-copy"), *self.command()],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        moment = world_case.Moment(proxy, kind, process.kill, phase=phase,
                                   nth=1 if kind == "drop-tags" else 2)
        said = b"".join(process.communicate(timeout=60)).decode()
        proxy.hook = None
        self.assertTrue(moment.done.is_set(), f"the moment never came: {said}")
        self.assertEqual(process.returncode, -signal.SIGKILL, said)

    def forget(self):
        """Both clusters restart and know of no earlier operation or command."""
        for cluster, proxy in ((self.source, self.at_source),
                               (self.destination, self.at_destination)):
            self.assertEqual(cluster.stop(), 0)
            log = pathlib.Path(cluster.storage) / "operations"
            if log.exists():
                self.forgotten += 1
                shutil.rmtree(log)
            cluster.start()
            proxy.clear()
            self.assertEqual(cluster.mgmt(".show operations | where Operation in "
                                          "('DataIngestPull', 'DataExport', 'TableMoveExtents', "
                                          "'ExtentsMove')"), [])

    def test_operations_are_forgotten(self):
        self.forgotten = 0
        for kind, at_source, phase in MOMENTS:
            with self.subTest(kind=kind, source=at_source, phase=phase):
                self.killed_at(kind, at_source, phase)
                self.forget()
                self.copy()
                self.ends_well()
                self.tearDown()
                self.setUp()
        self.assertGreaterEqual(self.forgotten, len(MOMENTS), "there were no logs of operations")
        print(f"{len(MOMENTS)} kills followed by forgotten operations: 0 rows lost, 0 doubled, "
              "nothing left behind", flush=True)


if __name__ == "__main__":
    unittest.main()
