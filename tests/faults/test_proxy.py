"""Each kind of request that a copy sends × each way in which it can go wrong, between real
processes: what kusto-copy does next (CHOICES, the table in docs/design/faults.md) and what came of
it. `KC_FAULTS=all` runs the whole product, else a part that covers each kind and each fault.
`KC_FAULT_KINDS`, `KC_FAULT_NAMES` choose some."""
import os
import signal
import statistics
import subprocess
import time
import unittest
from email import utils as email_utils

from harness import azurite, fault_bench, in_time, kc
from harness.fault_proxy import Fault

# ---- the table
#
#   go          the answer counts (or isn't needed): goes on without sending again
#   retry       sends the same again
#   redo        sends it again under a new name (folder, token, segment)
#   look, …     looks what came of it before that
#   tell        goes on, says so, and sends it again at the iteration's end or at the next start
#   stop        ends within two seconds without sending it again; the same command line goes on
GROUPS = {
    "lost before": ("reset-before", "refused", "reset-during"),
    "lost after": ("reset-after", "truncated", "cut-chunked", "empty"),
    "slow": ("slow",),
    "busy": ("429", "503"),
    "server error": ("500",),
    "errors inside": ("errors-inside",),
    "bad request": ("400", "404"),
    "no access": ("403", "401"),
    "conflict": ("409", "412"),
    "twice": ("twice", "twice-second"),
}
_READ = {"lost before": "retry", "lost after": "retry", "slow": "go", "busy": "retry",
         "server error": "retry", "errors inside": "retry", "bad request": "stop",
         "no access": "stop", "conflict": "stop", "twice": "go"}
_POLL = {**_READ, "bad request": "redo export", "conflict": "redo export"}
_IDEMPOTENT = {**_READ}
_CLEAN_UP = {**_READ, "bad request": "tell", "no access": "tell", "conflict": "tell"}
_BLOB_READ = {**_READ}
CHOICES = {
    # To clusters. What only reads is repeated for as long as it takes.
    "probe": {**_READ, "bad request": "stop|go", "conflict": "stop|go"},
    "show": _READ,
    "self-test": _READ,
    "cursor": _READ,
    "query": _READ,
    "plan": _READ,
    "extents": _READ,
    "fingerprint": _READ,
    "verify": _READ,
    "poll": _POLL,
    "details": _POLL,
    # What changes something, and may be done twice.
    "create-database": _IDEMPOTENT,
    "function": {**_IDEMPOTENT, "twice": "go|look"},
    "create-table": _IDEMPOTENT,
    "script": {group: "look" for group in GROUPS},
    "drop-tags": _CLEAN_UP,
    "drop-table": _CLEAN_UP,
    # What may not.
    "export": {"lost before": "redo", "lost after": "redo", "slow": "go", "busy": "redo",
               "server error": "redo", "errors inside": "redo", "bad request": "stop",
               "no access": "stop", "conflict": "redo", "twice": "go|redo"},
    "ingest": {"lost before": "look, redo", "lost after": "look, go|look, redo", "slow": "go",
               "busy": "look, redo", "server error": "look, redo",
               "errors inside": "look, go|look, redo", "bad request": "look, stop",
               "no access": "look, stop", "conflict": "look, redo",
               "twice": "go|look, go|look, redo"},
    "move": {"lost before": "look, retry", "lost after": "look, go", "slow": "go",
             "busy": "look, retry", "server error": "look, retry", "errors inside": "look, go",
             "bad request": "look, retry", "no access": "look, stop", "conflict": "look, retry",
             "twice": "go|look, go"},
    # To blob storage.
    "put": {"lost before": "look, retry", "lost after": "look, go", "slow": "go", "busy": "retry",
            "server error": "look, retry", "bad request": "stop", "no access": "stop",
            "conflict": "stop", "twice": "go|stop"},
    "manifest": {"lost before": "look, retry", "lost after": "look, go", "slow": "go",
                 "busy": "retry", "server error": "look, retry", "bad request": "stop",
                 "no access": "stop", "conflict": "stop", "twice": "go|look, go"},
    "lease.acquire": {**_BLOB_READ},
    "create-append": {"lost before": "redo", "lost after": "redo", "slow": "go", "busy": "retry",
                      "server error": "redo", "bad request": "stop", "no access": "stop",
                      "conflict": "stop", "twice": "go|redo|stop"},
    "append": {"lost before": "look, retry", "lost after": "look, go", "slow": "go",
               "busy": "retry", "server error": "look, retry", "bad request": "stop",
               "no access": "stop", "conflict": "stop", "twice": "go|look, go"},
    "read": {**_BLOB_READ, "bad request": "stop|go"},
    "list": _BLOB_READ,
    "delete": {**_BLOB_READ, "bad request": "stop|go"},
    "data.delete": {**_CLEAN_UP, "bad request": "tell|go"},
    "beat": {group: "go" for group in GROUPS},
    "lease.release": {**_CLEAN_UP, "bad request": "go", "no access": "go", "conflict": "go"},
    "properties": {**_BLOB_READ, "bad request": "go", "no access": "go", "conflict": "go"},
}
BLOB_KINDS = ("put", "manifest", "lease.acquire", "create-append", "append", "read", "list",
              "delete", "data.delete", "beat", "lease.release", "properties")
# What is looked at before deciding.
LOOKS = {"ingest": ("extents",), "move": ("extents",), "script": ("show",), "function": ("show",),
         "put": ("read",), "manifest": ("read",), "append": ("read",)}
# Kinds whose requests come again by themselves, so that "not sent again" can't be seen.
RECURRING = ("poll", "show", "probe", "list", "read", "extents", "fingerprint", "beat",
             "lease.acquire", "lease.release", "delete", "manifest")
BODYLESS = [k for k in BLOB_KINDS if k not in ("read", "list")]
# Errors inside a 200 are Kusto's; storage has none.
CLUSTER_ONLY = ("errors inside",)
# In every test run: all groups for these, some for the others.
CENTRAL = ("export", "ingest", "move", "append", "function", "drop-tags")
SOME = 3
STOP_LIMIT_S = 2.0
# A busy machine may be slow to end a process; what is measured is printed.
CANCEL_LIMIT_S = 0.1
# A Retry-After with a date so far ahead.
DATE, DATE_S = "a date", 3
ALL = os.environ.get("KC_FAULTS") == "all"


def soon():
    return email_utils.formatdate(time.time() + DATE_S, usegmt=True)


def cases(kinds):
    """(kind, group, fault) for this run."""
    asked = os.environ.get("KC_FAULT_KINDS", "").split(",") if "KC_FAULT_KINDS" in os.environ \
        else kinds
    names = os.environ.get("KC_FAULT_NAMES", "").split(",") if "KC_FAULT_NAMES" in os.environ \
        else None
    turn = 0
    for number, kind in enumerate(kinds):
        groups = [g for g in CHOICES[kind] if not (kind in BLOB_KINDS and g in CLUSTER_ONLY)]
        for index, group in enumerate(groups):
            wanted = ALL or names or kind in CENTRAL or (index + number) % len(groups) < SOME
            if kind not in asked or not wanted:
                continue
            turn += 1
            faults = GROUPS[group]
            if not (ALL or names):
                faults = (faults[turn % len(faults)],)
            for fault in faults:
                if names is None or fault in names:
                    yield kind, group, fault


def observed(outcome, hit, kind):
    """What kusto-copy did after the fault, in the table's words."""
    after = [r for r in outcome.requests if r.at > hit.at]
    same = [r for r in after if r.kind == kind and r.where == hit.where]
    resent = [r for r in same if r.text == hit.text]
    renamed = [r for r in same if r.text != hit.text]
    until = min((r.at for r in (resent or renamed)), default=float("inf"))
    looked = any(r.kind in LOOKS.get(kind, ()) and r.at < until and r.where == hit.where
                 for r in after)
    words = set()
    if outcome.code not in (0, None):
        words.add("stop")
    else:
        words.add("tell" if "put off" in outcome.out else "go")
        if kind == "script":
            words.add("look") if looked else None
        if resent:
            words.add("retry")
        if renamed and kind in ("export", "ingest", "create-append"):
            words.add("redo")
        if [r for r in after if r.kind == "export"]:
            words.add("redo export")
    return words, looked


class ProxyTest(unittest.TestCase):
    maxDiff = None

    def run_cases(self, bench, kinds):
        ran = wrong = 0
        began = time.monotonic()
        slowest_stop = 0.0
        for kind, group, name in cases(kinds):
            choice = CHOICES[kind][group]
            ran += 1
            with self.subTest(kind=kind, fault=name, choice=choice):
                wrong += 1
                took = self.run_case(bench, kind, name, choice)
                wrong -= 1
                slowest_stop = max(slowest_stop, took)
        print(f"{ran} faults: {ran - wrong} as the table says, 0 rows lost, 0 doubled in those; "
              f"permanent errors told within {slowest_stop:.2f} s; "
              f"{time.monotonic() - began:.0f} s", flush=True)

    def run_case(self, bench, kind, name, choice):
        """Seconds until a permanent error was told; 0.0 where it went on."""
        took = in_time.best_of(STOP_LIMIT_S, lambda: self.run_once(bench, kind, name, choice))
        self.assertLess(took, STOP_LIMIT_S)
        return took

    def run_once(self, bench, kind, name, choice):
        bench.next()
        outcome = bench.run(Fault(name, kinds=(kind,)))
        self.assertTrue(outcome.hits, f"no such request; exit code {outcome.code}, {outcome.err}")
        hit = outcome.hits[0]
        words, looked = observed(outcome, hit, kind)
        said = f"{outcome.out[-800:]}\n{outcome.err[-800:]}"
        if name == "truncated" and kind in BODYLESS:
            choice += "|go"  # the status is whole, and says all
        self.assert_choice(kind, choice, words, looked, said)
        took = 0.0
        moves, exports, ingests = (outcome.acted(k) for k in ("move", "export", "ingest"))
        if "stop" in words:
            took = outcome.ended - hit.at
            self.assertIn(outcome.code, (1, 3, 7), said)
            lines = [line for line in outcome.err.splitlines() if line.strip()]
            self.assertTrue(lines, "nothing was said")
        # "Not found" is believed; a file that is there after all is swept by the next start.
        if outcome.code != 0 or "tell" in words or (kind, name) == ("data.delete", "404"):
            again = bench.run()
            self.assertEqual(again.code, 0, f"the next start: {again.out}{again.err}")
            moves += again.acted("move")
            exports += again.acted("export")
            ingests += again.acted("ingest")
        self.assertEqual(bench.lost_and_doubled(), (0, 0), said)
        self.assertEqual(bench.left_behind(), [], said)
        # The number of effects: what acted may have been done again, never more than once.
        self.assertEqual(moves, 1, "moves that acted")
        self.assertIn(exports, (1, 2), "exports that acted")
        self.assertIn(ingests, (1, 2), "ingestions that acted")
        bench.drop()
        return took

    def assert_choice(self, kind, choice, words, looked, said):
        for one in choice.split("|"):
            parts = [part.strip() for part in one.split(",")]
            fits = parts[-1] in words or (parts[-1] == "look" and looked)
            if parts[0] == "look":
                fits &= looked
            if parts[-1] == "go" and kind not in RECURRING:
                fits &= not words & {"retry", "redo"}
            if fits:
                return
        self.fail(f"it did {sorted(words)}{', looked' if looked else ''}: {said}")

    def test_requests_to_clusters(self):
        with fault_bench.Bench() as bench:
            self.run_cases(bench, [k for k in CHOICES if k not in BLOB_KINDS])

    def test_requests_to_storage(self):
        with fault_bench.Bench(azurite=azurite.required()) as bench:
            self.run_cases(bench, BLOB_KINDS)

    # ---- faults that last
    def test_a_busy_cluster_is_waited_for(self):
        """Five refusals or five lost answers in a row are no reason to stop."""
        with fault_bench.Bench() as bench:
            for kind in ("export", "ingest", "move", "verify", "drop-tags"):
                for name in ("429", "reset-before") + (("503", "reset-after") if ALL else ()):
                    with self.subTest(kind=kind, fault=name):
                        bench.next()
                        outcome = bench.run(Fault(name, kinds=(kind,), times=5))
                        self.assertEqual(outcome.code, 0, outcome.out + outcome.err)
                        self.assertEqual(bench.lost_and_doubled(), (0, 0))
                        self.assertEqual(bench.left_behind(), [])
                        bench.drop()

    def test_permanent_errors_that_last_are_told_soon(self):
        with fault_bench.Bench() as bench:
            for kind in ("probe", "query", "create-table", "export", "ingest", "move", "poll"):
                for name in ("401", "403") + (("400", "404") if kind != "poll" else ()):
                    with self.subTest(kind=kind, fault=name):
                        took = in_time.best_of(
                            STOP_LIMIT_S, lambda: self.permanent(bench, kind, name))
                        self.assertLess(took, STOP_LIMIT_S)

    def permanent(self, bench, kind, name):
        """Seconds until it was told."""
        bench.next()
        outcome = bench.run(Fault(name, kinds=(kind,), times=10 ** 6))
        self.assertIn(outcome.code, (1, 3, 7), outcome.out + outcome.err)
        # F10: a move may be refused with 400 because a view is busy.
        most = 3 if kind == "move" and name in ("400", "404") else 1
        texts = [h.text for h in outcome.hits if h.where == outcome.hits[0].where]
        for text in set(texts):
            self.assertLessEqual(texts.count(text), most)
        bench.drop()
        return outcome.ended - outcome.hits[0].at

    # ---- Retry-After
    def test_retry_after_is_honoured(self):
        with fault_bench.Bench(azurite=azurite.required()) as bench:
            kinds = ["query", "export", "ingest", "move", "drop-tags", "append", "list"]
            pauses = {}
            for number, kind in enumerate(kinds):
                forms = [("1", 1.0, 3.0), (DATE, 1.0, 5.0), (None, 0.0, 1.5), ("-7", 0.0, 1.5),
                         ("soon", 0.0, 1.5), ("nan", 0.0, 1.5)]
                status = ("429", "503")[number % 2]
                some = forms if ALL else (forms[number % 2], forms[2 + number % 4])
                for form, least, most in some:
                    with self.subTest(kind=kind, status=status, retry_after=form):
                        pauses[kind, form] = in_time.best_of(
                            most, lambda: self.pause_after(bench, kind, status, form))
                        self.assertGreaterEqual(pauses[kind, form], least)
                        self.assertLess(pauses[kind, form], most)
            print("pauses: " + ", ".join(f"{k} after Retry-After {f}: {p:.2f} s"
                                         for (k, f), p in pauses.items()), flush=True)

    def pause_after(self, bench, kind, status, form):
        # Three seconds from when it is told: the copy takes its time to get there.
        outcome, pause = bench.pause_after(kind, status, soon if form == DATE else form)
        self.assertEqual(outcome.code, 0, outcome.out + outcome.err)
        return pause

    def test_waiting_ends_at_once_when_asked(self):
        """SIGINT and SIGTERM while kusto-copy waits for a Retry-After of a day."""
        took = []
        with fault_bench.Bench(azurite=azurite.required()) as bench:
            kinds = ["query", "export", "ingest", "move", "drop-tags", "append", "data.delete"]
            for kind in kinds:
                for number in (signal.SIGINT, signal.SIGTERM):
                    with self.subTest(kind=kind, signal=number):
                        took.append(self.cancel_in(bench, kind, number))
        print(f"from signal to end: median {statistics.median(took) * 1000:.0f} ms, longest "
              f"{max(took) * 1000:.0f} ms of {len(took)}", flush=True)
        self.assertLess(statistics.median(took), CANCEL_LIMIT_S)

    def cancel_in(self, bench, kind, number):
        bench.next()
        for proxy in bench.proxies:
            proxy.inject(Fault("503", kinds=(kind,), times=10 ** 6, retry_after="86400"))
        process = subprocess.Popen(bench.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        in_time.until(lambda: any(r.fault for p in bench.proxies for r in p.seen()),
                      "the request never came")
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        asked = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        took = time.monotonic() - asked
        self.assertEqual(process.returncode, 130, out + err)
        # The leases were given back: the next start doesn't wait, and ends the work.
        again = bench.run()
        self.assertEqual(again.code, 0, again.out + again.err)
        self.assertLess(again.took, 10)
        self.assertEqual(bench.lost_and_doubled(), (0, 0))
        bench.drop()
        return took

    # ---- the page
    def test_the_page_has_this_table(self):
        page = (kc.ROOT / "docs/design/faults.md").read_text()
        for line in table_lines():
            self.assertIn(line, page)


def table_lines():
    """CHOICES as the page has it."""
    lines = ["| request | " + " | ".join(GROUPS) + " |", "|-|" + "-|" * len(GROUPS)]
    for kind, row in CHOICES.items():
        cells = [row.get(group, "–").replace("|", " or ") if
                 not (kind in BLOB_KINDS and group in CLUSTER_ONLY) else "–" for group in GROUPS]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    unittest.main()
