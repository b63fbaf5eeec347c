"""kill -9 of kusto-copy and of either kusto-local, at named steps (before or after the n-th request
of a kind is passed on) and at random moments, again and again, until the copy has ended; then every
row is compared. KC_KILLS sets the number of kills (200), KC_SEED the seed. Every fifth copy goes
through blob storage (tools/with_azurite.sh)."""
import collections
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import threading
import time
import unittest

from harness import azurite, fault_proxy, hard_values, kc

KILLS = int(os.environ.get("KC_KILLS", "200"))
SEED = int(os.environ.get("KC_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
KILLS_PER_COPY = 12
DATABASE = "Source"
CONTAINER = "kills"
EXTENTS = 10
ROWS_PER_EXTENT = 300
# A copy that isn't done after this many starts is stuck, one that runs so long hangs.
MAX_STARTS = 60
MAX_RUN_S = 120
# After a restart something new must have been sent by then.
PROGRESS_LIMIT_S = 2.0
# So many restarts keep that limit where an undisturbed copy takes USUAL_S; a machine that needs
# longer for that has so much more time for this.
PROGRESS_PART = 0.95
USUAL_S = 1.0
# What a copy may have under way: exports + 2 × ingestions + 2 (copy/environment.h).
EXPORT_SLOTS, INGESTION_SLOTS = 2, 2
IN_FLIGHT = EXPORT_SLOTS + 2 * INGESTION_SLOTS + 2

STEPS = ["export", "ingest", "move", "verify", "fingerprint", "poll", "details", "plan", "script",
         "drop-tags", "drop-table", "function", "create-table", "show", "extents"]
BLOB_STEPS = ["append", "manifest", "lease.acquire", "create-append", "beat", "data.put",
              "data.read", "data.delete", "read", "lease.release"]
WORK = ("export", "ingest", "move", "rehome")


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
    for i in range(2):
        source.mgmt(f".set-or-append ['Small {i}'] <| range n from 1 to {10 ** i} step 1",
                    DATABASE)
    source.mgmt(".create table Empty (a:long)", DATABASE)


def block_of(seen):
    """The block that an export or ingestion is about: its folder's name says it."""
    found = re.search(r"/i(\d+)-t(\d+)-b(\d+)-", seen.text)
    return found and tuple(map(int, found.groups()))


class Plan:
    """When the next kill comes, and whom it hits."""

    def __init__(self, rng, usual_s, blobs):
        self.victim = rng.choice(["copy", "copy", "copy", "source", "destination"])
        self.after_s = self.step = None
        if rng.random() < 0.25:
            self.after_s = rng.uniform(0, usual_s * 0.7)
        else:
            steps = STEPS + BLOB_STEPS if blobs else STEPS
            # Mostly those that come for every block, so that few copies end before their kill.
            self.step = rng.choice(steps[:7] * 4 + steps)
            self.phase = rng.choice(["before", "after"])
            self.left = rng.choice([1, 1, 2, 3])
            # The request was on its way when its sender died, or never left.
            self.drop = rng.random() < 0.5
        self.down_s = rng.uniform(0, 0.2)

    def describe(self):
        when = (f"{self.phase} {self.step}" if self.step else "at a random moment")
        return f"{self.victim} {when}"


class KillTest(unittest.TestCase):
    def setUp(self):
        self.folder = kc.temporary_folder("kc-kill-")
        self.work = pathlib.Path(self.folder.name)
        self.locals = {"source": kc.Local(self.work / "source").start(),
                       "destination": kc.Local(self.work / "destination").start()}
        self.proxies = {name: fault_proxy.FaultProxy("127.0.0.1", local.port, name=name)
                        for name, local in self.locals.items()}
        self.proxies["blobs"] = fault_proxy.FaultProxy.of_url(azurite.required(), blob=True,
                                                              name="blobs")
        azurite.create_container(CONTAINER)
        for proxy in self.proxies.values():
            proxy.hook = self.hook
        self.random = random.Random(SEED)
        self.lock = threading.Lock()
        self.plan = None
        self.process = None
        self.restarts = []
        self.killed_at = collections.Counter()
        self.progress = []
        self.redone = []
        self.repeats = 0
        self.odd_codes = collections.Counter()

    def tearDown(self):
        for thread in self.restarts:
            thread.join()
        for proxy in self.proxies.values():
            proxy.close()
        for local in self.locals.values():
            local.__exit__()
        self.folder.cleanup()

    # ---- kills
    def hook(self, proxy, phase, seen):
        with self.lock:
            plan = self.plan
            if plan is None or plan.step != seen.kind or plan.phase != phase:
                return
            plan.left -= 1
            if plan.left > 0:
                return
            self.plan = None
            self.kill(plan)
        if plan.victim == "copy" and phase == "before" and plan.drop:
            raise fault_proxy.Dropped("its sender died")

    def kill(self, plan):
        """With the lock held."""
        if plan.victim == "copy":
            if self.process.poll() is not None:
                return
            self.process.send_signal(signal.SIGKILL)
        else:
            local = self.locals[plan.victim]
            local.kill()

            def restart():
                time.sleep(plan.down_s)
                local.start()
            thread = threading.Thread(target=restart)
            thread.start()
            self.restarts.append(thread)
        self.killed_at[plan.describe()] += 1

    def kills(self):
        return sum(self.killed_at.values())

    def lakes(self, number, blobs):
        if blobs:
            return f"{self.proxies['blobs'].url}/{CONTAINER}/{os.getpid()}-{number};{azurite.KEY}"
        return self.work / f"lake{number}"

    def command(self, number, blobs):
        return kc.copy_command("-l", self.lakes(number, blobs), "-s", self.proxies["source"].url,
                               "-d", self.proxies["destination"].url, "--db",
                               f"{DATABASE}=Copy{number}", "--export-slots", EXPORT_SLOTS,
                               "--ingestion-slots", INGESTION_SLOTS)

    def work_since(self, moment):
        return sorted((r for p in self.proxies.values() for r in p.seen(*WORK) if r.at >= moment),
                      key=lambda r: r.at)

    # ---- one copy
    def run_once(self, number, blobs, usual_s, most, log):
        """One start, with at most one kill; (exit code, whether kusto-copy was killed)."""
        for thread in self.restarts:
            thread.join()
        self.restarts = []
        plan = Plan(self.random, usual_s, blobs) if self.kills() < most else None
        began = time.monotonic()
        with self.lock:
            self.process = subprocess.Popen(self.command(number, blobs), stdout=log, stderr=log)
            self.plan = plan if plan and plan.step else None
        try:
            if plan and plan.after_s is not None:
                try:
                    self.process.wait(plan.after_s)
                except subprocess.TimeoutExpired:
                    with self.lock:
                        self.kill(plan)
            code = self.process.wait(MAX_RUN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.fail(f"copy {number} hangs (seed {SEED}): "
                      f"{(self.work / f'copy{number}.log').read_text()[-3000:]}")
        with self.lock:
            self.plan = None
        return began, code

    def copy_with_kills(self, number, blobs, usual_s):
        most = min(KILLS, self.kills() + KILLS_PER_COPY)
        path = self.work / f"copy{number}.log"
        began_at, was_killed = [], False
        for proxy in self.proxies.values():
            proxy.clear()
        for _ in range(MAX_STARTS):
            with open(path, "ab") as log:
                began, code = self.run_once(number, blobs, usual_s, most, log)
            ended = time.monotonic()
            began_at.append(began)
            work = self.work_since(began)
            if was_killed and (work or code == 0):
                self.progress.append((work[0].at if work else ended) - began)
            was_killed = code == -signal.SIGKILL
            if code == 0:
                self.judge_work(began_at)
                return
            if not was_killed:
                self.odd_codes[code] += 1
                self.assertIn(code, (1, 3), f"seed {SEED}: {path.read_text()[-3000:]}")
        self.fail(f"copy {number} did not end (seed {SEED}): {path.read_text()[-3000:]}")

    def judge_work(self, began_at):
        """Blocks done again because of each kill, and exports whose outcome had been recorded:
        their ingestion was sent, so it was."""
        last_sent, ingested = {}, set()
        redone = collections.defaultdict(set)  # by the start that was cut short
        for number, (start, until) in enumerate(zip(began_at, began_at[1:] + [float("inf")])):
            for seen in self.work_since(start):
                block = block_of(seen)
                if seen.at >= until or block is None:
                    continue
                if seen.kind == "export" and block in ingested:
                    self.repeats += 1
                before = last_sent.get((seen.kind, block), number)
                if before != number:
                    redone[before].add(block)
                if seen.kind == "ingest":
                    ingested.add(block)
                last_sent[seen.kind, block] = number
        self.redone += [len(redone[number]) for number in range(len(began_at))]

    def check(self, number, blobs, expected):
        for thread in self.restarts:
            thread.join()
        database = f"Copy{number}"
        destination = self.locals["destination"]
        lost = doubled = 0
        for table, rows in expected.items():
            got = kc.multiset(destination, table, database)
            lost += sum((rows - got).values())
            doubled += sum((got - rows).values())
        tables = {row["TableName"] for row in destination.mgmt(".show tables", database)}
        left = sorted(tables - set(expected))
        tagged = destination.mgmt(
            f".show database {database} extents | where isnotempty(Tags) | project TableName, Tags",
            database)
        if blobs:
            prefix = f"{os.getpid()}-{number}/{database}/data/"
            files = azurite.blobs(CONTAINER, prefix)
        else:
            files = [str(p) for p in self.lakes(number, blobs).rglob("*")
                     if p.name.endswith((".parquet", ".gz"))]
        self.assertEqual((lost, doubled, left, tagged, files), (0, 0, [], [], []),
                         f"seed {SEED}, copy {number}: rows lost or changed, rows doubled or "
                         "changed, tables left, tags left, files left")

    def test_kill_anywhere(self):
        source = self.locals["source"]
        fill(source)
        tables = [row["TableName"] for row in source.mgmt(".show tables", DATABASE)]
        expected = {table: kc.multiset(source, table, DATABASE) for table in tables}
        began = time.monotonic()
        done = subprocess.run(self.command(0, False), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        usual_s = time.monotonic() - began
        self.check(0, False, expected)
        copies = blob_copies = 0
        while self.kills() < KILLS:
            copies += 1
            self.assertLess(copies, KILLS + 20, "the copies end before they can be killed")
            blobs = copies % 5 == 0
            blob_copies += blobs
            self.copy_with_kills(copies, blobs, usual_s)
            self.check(copies, blobs, expected)
            self.locals["destination"].mgmt(f".drop database Copy{copies}")
        self.load = os.getloadavg()[2]
        self.report(copies, blob_copies, usual_s, time.monotonic() - began)
        self.assertEqual(self.repeats, 0, "recorded exports that were repeated")
        self.assertLessEqual(max(self.redone), IN_FLIGHT)
        # A busy machine may be late now and then; the report says how late, and how busy it was.
        self.assertLessEqual(statistics.median(self.progress), PROGRESS_LIMIT_S)
        slow = max(0.0, usual_s - USUAL_S)
        in_time = sum(1 for seconds in self.progress if seconds <= PROGRESS_LIMIT_S + slow)
        self.assertGreaterEqual(in_time, PROGRESS_PART * len(self.progress))

    def report(self, copies, blob_copies, usual_s, took_s):
        victims = collections.Counter(what.split(" ")[0] for what in self.killed_at.elements())
        steps = sum(n for what, n in self.killed_at.items() if "random" not in what)
        late = sum(1 for seconds in self.progress if seconds > PROGRESS_LIMIT_S)
        print(f"seed {SEED}: {self.kills()} kills ({dict(victims)}; {steps} at "
              f"{len([w for w in self.killed_at if 'random' not in w])} kinds of steps) in "
              f"{copies} copies ({blob_copies} through blob storage; one undisturbed takes "
              f"{usual_s:.1f} s), {took_s:.0f} s: 0 lost, 0 doubled, 0 changed, 0 left behind; "
              "recorded exports "
              f"repeated: {self.repeats}; blocks done again after a kill: {max(self.redone)} at "
              f"most (in flight: {IN_FLIGHT}); first new progress after a kill: median "
              f"{statistics.median(self.progress):.2f} s, longest {max(self.progress):.2f} s "
              f"({late} over {PROGRESS_LIMIT_S} s; load {self.load:.0f} on {os.cpu_count()} "
              f"processors); other exit codes on the way: "
              f"{dict(self.odd_codes)}", flush=True)


if __name__ == "__main__":
    unittest.main()
