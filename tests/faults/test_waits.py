"""What takes half a minute because a copy waits; all of it side by side.
The storage is away, refuses connections or takes requests and never answers, for longer than the
lease of the checkpoint lasts: a copy waits for it and goes on when it is back. SIGTERM ends the
copy within seconds all the same. A Retry-After of a day is waited for half a minute."""
import concurrent.futures
import os
import signal
import subprocess
import threading
import time
import unittest

from harness import azurite, fault_bench, in_time
from harness.fault_proxy import Fault

# The lease is 30 s (checkpoint/journal.h).
OUTAGE_S = 36
# Somebody who stops a copy doesn't want to wait: docs/design/faults.md.
END_LIMIT_S = 4
# docs/design/faults.md, Retry-After.
LONGEST_PAUSE_S = 30
# The cap is told from a day; what a busy machine takes on top is no matter.
SLACK_S = 15
EXTENTS = 4
ALWAYS = 10 ** 9


class Away:
    """From the first request of a kind on, the storage doesn't answer any of `kinds`."""

    def __init__(self, bench, fault, since, kinds=None, nth=1):
        self.bench, self.fault, self.since, self.nth = bench, fault, since, nth
        self.kinds = kinds
        self.lock, self.began = threading.Lock(), threading.Event()
        self.met = 0
        bench.blob_proxy.hook = self

    def __call__(self, proxy, phase, seen):
        if phase != "before" or seen.kind != self.since:
            return
        with self.lock:
            self.met += 1
            if self.met == self.nth:
                proxy.inject(Fault(self.fault, kinds=self.kinds, times=ALWAYS))
                self.began.set()

    def ends(self):
        self.bench.blob_proxy.hook = None
        self.bench.blob_proxy.heal()


class WaitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        azurite.required()
        own = tuple(fault_bench.OWN_BLOB_KINDS)
        outages = [("silent", "lease.acquire", own), ("reset-before", "manifest", own),
                   ("reset-before", "append", own), ("silent", "append", own),
                   ("reset-before", "append", None), ("silent", "data.put", None)]
        pauses = [("query", "86400"), ("export", "1e300")]
        stops = [("append", signal.SIGTERM), ("data.read", signal.SIGINT)]
        if os.environ.get("KC_FAULTS") == "all":
            pauses += [("query", "1e300"), ("export", "86400"), ("move", "86400"),
                       ("ingest", "86400")]
            stops += [(since, number) for since in ("manifest", "create-append", "data.delete")
                      for number in (signal.SIGINT, signal.SIGTERM)]
        cls.pool = concurrent.futures.ThreadPoolExecutor(len(outages) + len(pauses) + 1)
        cls.outages = {one: cls.pool.submit(outage, *one) for one in outages}
        cls.pauses = {one: cls.pool.submit(pause, *one) for one in pauses}
        cls.stops = cls.pool.submit(stop_all, stops)

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()

    def test_storage_is_away_for_longer_than_the_lease(self):
        for (fault, since, kinds), wait in self.outages.items():
            whose = "for the copy" if kinds else "for all"
            with self.subTest(fault=fault, since=since, whose=whose):
                print(f"storage away {OUTAGE_S} s {whose}, {fault} from the first {since} on: done "
                      f"{wait.result():.1f} s after it was back", flush=True)

    def test_stopped_while_the_storage_is_silent(self):
        took = self.stops.result()
        print("storage silent; from the signal to the end: " +
              ", ".join(f"{since} {seconds:.1f} s" for (since, _), seconds in took.items()),
              flush=True)
        self.assertLess(max(took.values()), END_LIMIT_S)

    def test_retry_after_is_capped(self):
        for (kind, form), wait in self.pauses.items():
            with self.subTest(kind=kind, retry_after=form):
                self.assertGreater(wait.result(), LONGEST_PAUSE_S - 1)
                self.assertLess(wait.result(), LONGEST_PAUSE_S + SLACK_S)


def start(bench):
    bench.next()
    return subprocess.Popen(bench.command("--block-rows", str(fault_bench.ROWS)),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process, expect, timeout):
    """What it said; AssertionError if it ends otherwise, or not."""
    try:
        said, _ = process.communicate(timeout=timeout)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode != expect:
        raise AssertionError(f"{process.returncode} instead of {expect}: {said[-3000:]}")
    return said


def check_exact(bench):
    found = (bench.lost_and_doubled(), bench.left_behind())
    if found != ((0, 0), []):
        raise AssertionError(f"lost and doubled, left behind: {found}")


def wait_for(away, process):
    if not away.began.wait(120):
        finish(process, 0, 10)
        raise AssertionError(f"no {away.since}")


def outage(fault, since, kinds):
    """Seconds from the outage's end to the copy's."""
    with fault_bench.Bench(azurite=azurite.URL, extents=EXTENTS) as bench:
        away = Away(bench, fault, since, kinds)
        process = start(bench)
        wait_for(away, process)
        time.sleep(OUTAGE_S)
        back = time.monotonic()
        early = process.poll() is not None
        away.ends()
        finish(process, 0, 90)
        if early:
            raise AssertionError("it ended while the storage was away")
        check_exact(bench)
        return time.monotonic() - back


def stop_all(plan):
    with fault_bench.Bench(azurite=azurite.URL, extents=EXTENTS) as bench:
        return {one: in_time.best_of(END_LIMIT_S, lambda: stopped(bench, *one)) for one in plan}


def stopped(bench, since, number):
    """Seconds from the signal to the end."""
    away = Away(bench, "silent", since)
    process = start(bench)
    wait_for(away, process)
    time.sleep(0.5)
    asked = time.monotonic()
    process.send_signal(number)
    finish(process, 130, 60)
    took = time.monotonic() - asked
    away.ends()
    again = bench.run()
    if again.code != 0:
        raise AssertionError(f"the next start: {again.out}{again.err}")
    check_exact(bench)
    bench.drop()
    return took


def pause(kind, retry_after):
    with fault_bench.Bench() as bench:
        outcome, seconds = bench.pause_after(kind, "503", retry_after)
        if outcome.code != 0:
            raise AssertionError(outcome.out + outcome.err)
        return seconds


if __name__ == "__main__":
    unittest.main()
