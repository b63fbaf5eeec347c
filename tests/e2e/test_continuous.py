"""Continuous runs: what stops one table doesn't end the others; news at the source are taken up."""
import json
import re
import signal
import subprocess
import threading
import time
import unittest

from harness import in_time, kc, pair

WAIT_S = 120
# SIGTERM: what runs is given up, the lease is given back.
END_LIMIT_S = 15
# A start that doesn't have to wait for a lease of 30 s.
START_LIMIT_S = 15


class Run:
    """kusto-copy --continuous with --json; its lines as they come."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(kc.copy_command(*arguments), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.condition = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.condition:
                self.lines.append((time.monotonic(), json.loads(line)))
                self.condition.notify_all()

    def wait(self, wanted, since=0.0, timeout_s=WAIT_S):
        """The first line of the given moment or later that `wanted` takes."""
        deadline = time.monotonic() + timeout_s
        with self.condition:
            while True:
                for at, line in self.lines:
                    if at >= since and wanted(line):
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or not self.condition.wait(left):
                    raise TimeoutError(f"{[line for _, line in self.lines][-10:]}")

    def iterations(self):
        return [(at, line) for at, line in self.lines if line["type"] == "iteration"]

    def end(self):
        """SIGTERM; (exit code, seconds it took, standard error)."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        took = time.monotonic() - began
        self.reader.join()
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, took, errors


class ContinuousTest(pair.PairTest):
    def run_on(self, *more):
        run = Run(self.arguments("--continuous", "--rpo", "1s", "--json", *more))
        self.addCleanup(lambda: run.process.poll() is None and (run.process.kill(),
                                                                run.process.wait()))
        return run

    def count(self, table):
        try:
            return self.destination.scalar(f"['{table}'] | count", self.DATABASE)
        except kc.KustoError:
            return -1

    def stopped(self, table, because=""):
        """The first iteration that tells it may have met the change half way: it says what the
        cluster answered then, the next one the reason."""
        def wanted(line):
            return line["type"] == "iteration" and any(
                s.startswith(table + ": ") and because in s for s in line["stopped"])
        return wanted

    def complete(self, line):
        """Rows can be seen at the destination before their iteration is over."""
        return line["type"] == "iteration" and line["complete"]

    def nothing_stopped(self, line):
        return line["type"] == "iteration" and line["stopped"] == []

    def end(self, run):
        code, took, errors = run.end()
        self.assertEqual(code, 130, errors)
        self.assertLess(took, END_LIMIT_S)
        return errors

    def test_news_are_taken_up_and_sigterm_ends_it_cleanly(self):
        self.on_source(".set A <| range x from 1 to 100 step 1", ".set Gone <| print x=1")
        run = self.run_on()
        in_time.until(lambda: self.count("A") == 100 and self.count("Gone") == 1)
        self.on_source(".append A <| range x from 101 to 150 step 1",
                       ".set B <| print y='new table'")
        in_time.until(lambda: self.count("A") == 150 and self.count("B") == 1)
        self.on_source(".alter-merge table A (more:string)", ".append A <| print x=1, more='m'",
                       ".drop table Gone")
        in_time.until(lambda: self.count("A") == 151)
        gone = run.wait(lambda line: line["type"] == "notice" and line["table"] == "Gone")
        self.assertIn("dropped at the source", gone["text"])
        time.sleep(2.5)  # iterations without news
        self.end(run)
        last = run.lines[-1][1]
        self.assertEqual((last["type"], last["rows"]), ("end", 153))
        self.assertIn("interrupted", last["error"])
        begins = [at - line["seconds"] for at, line in run.iterations()]
        # --rpo 1s; one line may be read late.
        self.assertGreater(begins[-1] - begins[0], len(begins) - 2)
        self.assert_same("A")
        self.assert_same("B")
        self.assertEqual(self.count("Gone"), 1)
        self.assert_nothing_left(["A", "B", "Gone"])
        # The lease was given back: the next run doesn't wait.
        began = time.monotonic()
        self.copy()
        self.assertLess(time.monotonic() - began, START_LIMIT_S)

    def test_the_last_line_says_how_it_ended(self):
        self.on_source(".set A <| range x from 1 to 10 step 1")
        run = subprocess.Popen(
            kc.copy_command(*self.arguments("--continuous", "--rpo", "1s")),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        in_time.until(lambda: "last complete iteration: 1 at" in
                      kc.run_copy("status", "-l", self.lake)[1])
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130, err)
        self.assertRegex(out.splitlines()[-1], r"Source: interrupted after .*\b10 rows copied and "
                                               r"verified; the same command goes on from here")

    def test_a_conflict_stops_its_table_only(self):
        self.on_source(".set A <| print x=1", ".set B <| print y=1")
        run = self.run_on()
        run.wait(self.complete)
        self.on_source(".alter column A.x type=string", ".append A <| print x='text'",
                       ".append B <| print y=2")
        since = time.monotonic()
        line = run.wait(self.stopped("A", ".alter column"), since)
        reason = next(s for s in line["stopped"] if s.startswith("A: "))
        for word in ("'x'", "string", "long", ".alter column ['A'].['x'] type=string"):
            self.assertIn(word, reason)
        in_time.until(lambda: self.count("B") == 2)
        # It is told again each time, and the others go on.
        self.on_source(".append B <| print y=3")
        in_time.until(lambda: self.count("B") == 3)
        run.wait(self.stopped("A"), time.monotonic())
        self.assertEqual(self.count("A"), 1)
        # The command that was told makes it go on.
        command = re.search(r"`([^`]+)`", reason)[1]
        self.destination.mgmt(command, self.DATABASE)
        in_time.until(lambda: self.count("A") == 2)
        run.wait(self.nothing_stopped, time.monotonic())
        self.end(run)
        self.assert_same("A")
        self.assert_same("B")
        self.assert_nothing_left(["A", "B"])

    def test_a_later_start_goes_on_with_the_tables_that_can(self):
        self.on_source(".set A <| print x=1, w='w'", ".set B <| print y=1")
        self.copy()
        self.on_source(".drop column A.x", ".alter-merge table A (z:long)",
                       ".append A <| print w='v', z=7", ".append B <| print y=2")
        said = self.copy(expect=7)
        self.assertIn(".drop column ['A'].['x']", said)
        self.assert_same("B")
        self.destination.mgmt(".drop column ['A'].['x']", self.DATABASE)
        self.copy()
        self.assert_same("A")
        self.assert_nothing_left(["A", "B"])

    def test_a_dropped_destination_table_is_copied_from_the_beginning(self):
        self.on_source(".set A <| range x from 1 to 100 step 1", ".set B <| print y=1")
        run = self.run_on()
        run.wait(self.complete)
        self.destination.mgmt(".drop table A", self.DATABASE)
        in_time.until(lambda: self.count("A") == 100)
        self.end(run)
        self.assert_same("A")
        self.destination.mgmt(".drop table A", self.DATABASE)
        self.on_source(".append A <| print x=101")
        self.copy()
        self.assert_same("A")
        self.assert_nothing_left(["A", "B"])

    def test_a_replaced_source_table_stops_until_the_destination_is_dropped(self):
        self.on_source(".set A <| range x from 1 to 100 step 1", ".set B <| print y=1")
        self.copy()
        self.on_source(".drop table A", ".set A <| range x from 1 to 5 step 1",
                       ".append B <| print y=2")
        said = self.copy(expect=7)
        self.assertIn(".drop table ['A'] ifexists", said)
        self.assert_same("B")
        self.assertEqual(self.count("A"), 100)
        self.destination.mgmt(".drop table ['A'] ifexists", self.DATABASE)
        self.copy()
        self.assert_same("A")

    def test_a_named_table_that_is_dropped_doesnt_end_the_run(self):
        self.on_source(".set A <| print x=1", ".set B <| print y=1")
        run = self.run_on("--tables-include", "A", "B")
        run.wait(self.complete)
        self.on_source(".drop table A", ".append B <| print y=2")
        run.wait(self.stopped("A", "isn't at the source"))
        in_time.until(lambda: self.count("B") == 2)
        self.end(run)
        self.copy("--tables-include", "A", "B", expect=7)
        # A name that was never copied is still a mistake.
        self.refused(*self.arguments("--tables-include", "B", "Never"))

    def test_kc_status_reads_while_it_runs(self):
        self.on_source(".set A <| print x=1")
        run = self.run_on()
        in_time.until(lambda: self.count("A") == 1)
        self.on_source(".append A <| print x=2")
        in_time.until(lambda: self.count("A") == 2)
        in_time.until(lambda: self.destination.scalar(
            "KC_Status() | where Level == 'Iteration' and State == 'Complete' | count",
            self.DATABASE) == 2)
        self.end(run)


if __name__ == "__main__":
    unittest.main()
