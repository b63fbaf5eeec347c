"""What changes while it is copied: columns, rows that leave; and what is asked for rarely."""
import os
import subprocess
import threading
import time
import unittest

from harness import in_time, kc, pair

# A horizon: much longer than a copy takes to read its cursor.
BACK_S = 7


class ChangesTest(pair.PairTest):
    def start(self, *more):
        process = subprocess.Popen(kc.copy_command(*self.arguments(*more)), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def count(self, table):
        try:
            return self.destination.scalar(f"['{table}'] | count", self.DATABASE)
        except kc.KustoError:
            return 0

    def wait_for_rows(self, table):
        in_time.until(lambda: self.count(table) > 0)

    def fill(self, table, times, rows=200):
        """One instant of ingestion per command."""
        self.on_source(f".create table {table} (x:long, b:string)",
                       f".alter table {table} policy merge @'"
                       '{"AllowRebuild":false,"AllowMerge":false}' "'")
        for i in range(times):
            self.on_source(f".append {table} <| range x from {i * rows} to {(i + 1) * rows - 1} "
                           "step 1 | extend b=strcat('b', x)")

    def test_a_column_dropped_while_it_is_copied(self):
        self.fill("T", 40)
        self.on_source(".set Other <| print y=1")
        run = self.start("--block-rows", "200", "--export-slots", "1", "--ingestion-slots", "1")
        self.wait_for_rows("T")
        self.on_source(".drop column T.b")
        out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 7, out + err)
        self.assertIn("column 'b'", err)
        self.assertIn("`.drop column ['T'].['b']`", err)
        self.assert_same("Other")
        self.destination.mgmt(".drop column ['T'].['b']", self.DATABASE)
        said = self.copy()
        self.assertIn("copied with the new columns", said)
        self.assert_same("T")
        self.assert_nothing_left(["T", "Other"])

    def test_a_column_added_while_it_is_copied(self):
        self.fill("T", 30)
        run = self.start("--block-rows", "200", "--export-slots", "1", "--ingestion-slots", "1")
        self.wait_for_rows("T")
        self.on_source(".alter-merge table T (c:dynamic)",
                       ".append T <| print x=1, b='', c=dynamic([1])")
        out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 0, out + err)
        self.copy()
        self.assert_same("T")

    def test_rows_that_leave_the_source_while_they_are_exported(self):
        self.fill("T", 250, rows=5)
        before = kc.multiset(self.source, "T", self.DATABASE)
        ids = [row["ExtentId"] for row in self.source.mgmt(".show table T extents", self.DATABASE)]
        done = threading.Event()

        def eat():
            for extent in ids[:-20]:
                if done.is_set():
                    return
                self.on_source(f".drop extents ({extent}) from T")

        run = self.start("--block-rows", "100000")
        eater = threading.Thread(target=eat)
        eater.start()
        out, err = run.communicate(timeout=240)
        done.set()
        eater.join()
        self.assertEqual(run.returncode, 0, out + err)
        after = kc.multiset(self.source, "T", self.DATABASE)
        got = kc.multiset(self.destination, "T", self.DATABASE)
        self.assertEqual(len(after - got), 0, "rows that never left are missing")
        self.assertEqual(len(got - before), 0, "rows that never were")
        self.assert_nothing_left(["T"])

    def test_undated_rows_are_copied_once(self):
        self.on_source(".create table T (x:long)", ".alter table T policy ingestiontime false",
                       ".append T <| range x from 1 to 7 step 1",
                       ".alter table T policy ingestiontime true",
                       ".append T <| range x from 8 to 10 step 1")
        wanted = ("--include-undated", "--undated-quiet", "1s")
        self.copy(*wanted)
        self.assert_same("T")
        self.on_source(".append T <| print x=11")
        self.copy(*wanted)
        self.assert_same("T")
        self.assert_nothing_left(["T"])

    def test_the_horizon_holds_for_the_whole_copy(self):
        self.on_source(".set T <| print x='old'")
        time.sleep(BACK_S + 1)
        self.on_source(".append T <| print x='new'")
        self.copy("-b", f"{BACK_S}s")
        self.assertEqual(self.destination.scalar("T", self.DATABASE), "new")
        self.assertEqual(self.count("T"), 1)
        # It was an instant, not a distance: nothing older comes later, nothing younger is left out.
        time.sleep(BACK_S + 1)
        self.on_source(".append T <| print x='later'")
        self.copy("-b", f"{BACK_S}s")
        self.assertEqual(self.count("T"), 2)
        code, out, err = kc.run_copy("verify", *self.arguments())
        self.assertEqual(code, 0, out + err)

    def test_a_function_that_hides_its_table(self):
        # By its name alone, a query would see the rows that the function lets through.
        self.on_source(".set T <| range x from 1 to 100 step 1",
                       ".create function T() { table('T') | where x > 90 }",
                       ".set KC_Status <| print y=1")
        self.copy()
        self.on_source(".append T <| print x=101")
        self.copy()
        self.assertEqual(self.destination.scalar("table('T') | count", self.DATABASE), 101)
        self.assertEqual(self.destination.scalar("table('KC_Status')", self.DATABASE), 1)
        self.destination.mgmt(".create function T() { table('T') | where x > 90 }", self.DATABASE)
        code, out, err = kc.run_copy("verify", *self.arguments())
        self.assertEqual(code, 0, out + err)

    def test_a_horizon_before_all_time_means_everything(self):
        self.on_source(".set T <| print x=1")
        self.copy("-b", "999999d")
        self.assert_same("T")

    def test_a_dynamic_of_16_megabytes_and_control_characters(self):
        self.on_source(".create table T (s:string, j:dynamic)",
                       ".alter column T.j policy encoding type='BigObject32'",
                       ".append T <| print s='', "
                       "j=repeat('0123456789abcdef0123456789abcde', 490000)",
                       ".append T <| range i from 0 to 300 step 1 "
                       "| project s=strcat('a', make_string(i), 'b'), j=pack('k', make_string(i))")
        size = self.source.scalar("T | summarize max(string_size(tostring(j)))", self.DATABASE)
        self.assertGreater(size, 16_000_000)
        self.copy()
        self.assert_same("T")

    def test_verify_says_what_differs_and_the_mending_mends(self):
        self.on_source(".set T <| range x from 1 to 30 step 1 "
                       "| extend at=datetime(2024-01-01) + x * 1d", ".set U <| print y=1")
        self.copy()
        extent = self.destination.mgmt(".show table T extents", self.DATABASE)[0]["ExtentId"]
        self.destination.mgmt(f".drop extents ({extent}) from T", self.DATABASE)
        self.destination.mgmt(".append T <| print x=2, at=datetime(2024-01-03)", self.DATABASE)
        code, out, err = kc.run_copy("verify", *self.arguments())
        self.assertEqual(code, 6, err)
        self.assertIn("DIFFERENT  T: 30 rows at the source, 1 at the destination", out)
        self.assertIn("same       U", out)
        self.assertIn("at 2024-01-02: 1 at the source, 0 at the destination", out)
        self.assertNotIn("2024-01-03", out)  # that day is the same
        command = next(line.strip() for line in out.splitlines() if line.startswith("  .drop"))
        self.destination.mgmt(command, self.DATABASE)
        self.copy()
        self.assert_same("T")
        code, out, err = kc.run_copy("verify", *self.arguments())
        self.assertEqual(code, 0, out + err)

    def test_plan_tells_every_table_and_changes_nothing(self):
        self.on_source(".set A <| range x from 1 to 10 step 1", ".set B <| print y=1",
                       ".set C <| print z=1")
        self.destination.mgmt(f".create database {self.DATABASE}")
        self.destination.mgmt(".create table B (y:string)", self.DATABASE)
        code, out, _ = kc.run_copy("plan", *self.arguments())
        self.assertEqual(code, 3)
        self.assertIn("A: 10 rows in 1 blocks at least; destination table: create", out)
        self.assertIn("column 'y' is int at the source and string at the destination",
                      out.replace("is long", "is int"))
        self.assertIn("C: 1 rows", out)
        self.assertFalse(self.lake.exists() and any(self.lake.rglob("*")))

    def test_plan_refuses_what_the_copy_would_refuse(self):
        self.on_source(".set T <| print x=1", ".set U <| print y=1")
        self.destination.mgmt(f".create database {self.DATABASE}")
        self.destination.mgmt(".set T <| print x=1", self.DATABASE)
        code, out, _ = kc.run_copy("plan", *self.arguments())
        self.assertEqual(code, 3, out)
        self.assertIn("T: 1 rows in 1 blocks at least; destination table: conflict", out)
        self.assertIn("holds 1 rows that this copy didn't bring", out)
        self.assertIn("U: 1 rows in 1 blocks at least; destination table: create", out)
        code, out, err = kc.run_copy("plan", *self.arguments("--append"))
        self.assertEqual(code, 0, out + err)
        self.copy("--append")
        code, out, err = kc.run_copy("plan", *self.arguments())
        self.assertEqual(code, 0, out + err)  # what is there is this copy's own
        other = self.arguments(lake=self.lake.parent / "another lake")
        code, line = self.refused("plan", *other)
        self.assertEqual(code, 3)
        self.assertIn("belongs to another copy", line)

    def test_an_answer_that_cannot_be_written_is_no_success(self):
        self.on_source(".set T <| print x=1")
        self.copy()
        for command in (["status", "-l", str(self.lake)], ["verify", *self.arguments()],
                        ["plan", *self.arguments()]):
            with open("/dev/full", "w", encoding="utf8") as full:
                done = subprocess.run(kc.copy_command(*command), stdout=full, check=False,
                                      stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("could not be written", done.stderr)

    def test_status_of_another_database_says_which_there_are(self):
        self.on_source(".set T <| print x=1")
        self.copy()
        code, line = self.refused("status", "-l", str(self.lake), "--db", "Elsewhere")
        self.assertEqual(code, 3)
        self.assertIn(f"only of '{self.DATABASE}'", line)

    def test_a_destination_with_rows_is_refused_before_anything_changes(self):
        self.on_source(".set T <| print x=1")
        self.destination.mgmt(f".create database {self.DATABASE}")
        self.destination.mgmt(".set T <| print x=1", self.DATABASE)
        code, line = self.refused(*self.arguments())
        self.assertEqual(code, 3)
        self.assertIn("--append", line)
        self.assertEqual(self.destination.mgmt(".show functions", self.DATABASE), [])
        self.assertEqual([p for p in self.lake.rglob("*") if p.is_file()], [])
        self.copy("--append")
        self.assertEqual(self.count("T"), 2)

    def test_status_of_a_copy_that_found_nothing(self):
        self.on_source(".create table Empty (x:long)")
        for _ in range(2):
            self.copy()
            code, out, err = kc.run_copy("status", "-l", str(self.lake))
            self.assertEqual(code, 0, err)
            self.assertIn("last complete iteration: 1 at", out)
            self.assertIn("0 rows copied in all", out)
        self.on_source(".append Empty <| print x=1")
        self.copy()
        self.assert_same("Empty")

    def test_verify_of_what_is_not_there_proposes_no_drops(self):
        self.on_source(".set T <| print x=1")
        code, out, err = kc.run_copy("verify", *self.arguments())
        self.assertEqual(code, 6, err)
        self.assertIn("its database isn't at the destination", out)
        self.assertNotIn(".drop", out)

    def test_all_that_json_tells_is_documented(self):
        self.on_source(".set T <| range x from 1 to 2000 step 1 | extend at=datetime(2024-01-01)")
        manual = (kc.ROOT / "docs/formats/json-lines.md").read_text()
        rows = {row.split("`")[1]: row for row in manual.splitlines() if row.startswith("| `")}
        seen = set()
        def take(*args):
            _, out, err = kc.run_copy(*args)
            for line in self.json_lines(out):
                seen.add(line["type"])
                row = rows[line.pop("type")]
                for field in line:
                    self.assertIn(f"`{field}`", row)
        take("plan", *self.arguments("--json"))
        take(*self.arguments("--json"))
        take("status", "-l", str(self.lake), "--json")
        self.destination.mgmt(".append T <| print x=7, at=now()", self.DATABASE)
        take("verify", *self.arguments("--json"))
        self.on_source(".drop column T.at", ".append T <| print x=1")
        take(*self.arguments("--json"))
        take("status", "-l", str(self.lake), "--json")
        self.assertLessEqual({"plan", "iteration", "end", "status", "table", "verify"}, seen)

    def test_status_during_and_after(self):
        self.fill("T", 30)
        self.on_source(".set U <| print y=1")
        run = self.start("--block-rows", "200", "--export-slots", "1", "--ingestion-slots", "1")
        self.wait_for_rows("T")
        code, out, err = kc.run_copy("status", "-l", str(self.lake), "--json")
        self.assertEqual(code, 0, err)
        lines = {line["type"]: line for line in self.json_lines(out)}
        self.assertEqual(lines["status"]["lastCompleteIteration"], 0)
        self.assertTrue(lines["status"]["running"])
        run.communicate(timeout=120)
        code, out, err = kc.run_copy("status", "-l", str(self.lake))
        self.assertIn("last complete iteration: 1 at", out)
        self.assertIn("6,001 rows copied in all", out)
        self.assertIn("not running; last by", out)
        # A stopped table is told, with the command to go on, also long after the run.
        self.on_source(".drop column T.b", ".append T <| print x=1")
        self.copy(expect=7)
        code, out, err = kc.run_copy("status", "-l", str(self.lake))
        self.assertRegex(out, r"stopped: T: .*\.drop column \['T'\]\.\['b'\]")

    def test_status_of_a_run_that_was_killed(self):
        """It can't be known at once; what is said of it is true all along."""
        self.fill("T", 30)
        run = self.start("--block-rows", "200", "--export-slots", "1", "--ingestion-slots", "1")
        self.wait_for_rows("T")
        run.kill()
        run.communicate(timeout=120)
        beat, = self.lake.rglob("beat.json")
        for ago, say in ((20, r"is running it, or died just now: last heard of 2\d s ago"),
                         (60, r"not running: .* was last heard of at .*the same command line")):
            os.utime(beat, (time.time() - ago,) * 2)
            code, out, err = kc.run_copy("status", "-l", str(self.lake))
            self.assertEqual(code, 0, err)
            self.assertRegex(out, say)


if __name__ == "__main__":
    unittest.main()
