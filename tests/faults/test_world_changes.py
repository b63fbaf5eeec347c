"""The world changes while a copy runs: schemas, tables, rows, extents, staging, files. Each case
ends in one of: it goes on, it plans anew, or it stops with a reason that names the thing and says
how to go on; after it the rows are compared. Never silent, never wrong."""
import collections
import json
import re
import shutil
import unittest

from harness import in_time, kc, lakes, world_case
from harness.world_case import (EXIT_DIFFERENT, EXIT_FAILED, EXIT_REFUSED, EXIT_STOPPED, INSTANTS,
                                ROWS_PER_INSTANT)

ALL = INSTANTS * ROWS_PER_INSTANT
# A deletion takes a fraction of a second, on a very busy machine some.
DELETED_WITHIN_S = 30


class SourceSchemaTest(world_case.WorldCase):
    def test_column_added_between_plan_and_export(self):
        self.at_the_source("export", ".alter-merge table T (added:string)", nth=2, text="'T'")
        self.copy()
        self.on_source(".append T <| T | take 10 | extend n = n + 9000, added = 'new'")
        self.copy()
        self.ends_well()

    def test_column_dropped_between_plan_and_export(self):
        self.at_the_source("export", ".drop column T.x", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "(?s)T: .*'?x'?")
        self.assert_exact("Other")
        self.copy(EXIT_STOPPED, r"'x'.*\.drop column")
        self.on_destination(".drop column T.x")
        self.copy()
        self.ends_well()

    def test_column_dropped_after_the_last_export(self):
        # A move follows the end of its block's export; an answered `.export async` has only begun.
        self.when(self.at_destination, "move", lambda: self.on_source(".drop column T.x"),
                  nth=INSTANTS, text="'T'")
        wanted = self.rows(self.source, "T")
        self.copy(EXIT_STOPPED, "'x' was dropped at the source")
        # All was exported as it was at the cursor.
        self.assert_exact("T", wanted=wanted)
        self.copy(EXIT_STOPPED, r"'x'.*\.drop column")
        self.on_destination(".drop column T.x")
        self.copy()
        self.ends_well()

    def test_column_retyped_between_exports(self):
        self.at_the_source("export", ".alter column T.n type=string", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "(?s)T: .*'?n'?")
        self.assert_exact("Other")
        self.copy(EXIT_STOPPED, r"'n' is string.*\.alter column")
        self.on_destination(".alter column T.n type=string")
        self.copy()
        self.ends_well()

    def test_column_renamed_between_exports(self):
        self.at_the_source("export", ".rename column T.word to term", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "(?s)T: .*'?word'?")
        self.copy(EXIT_STOPPED, "'word'.*\\.drop column")
        self.on_destination(".rename column T.word to term")
        self.copy()
        self.ends_well()

    def test_column_added_while_planning(self):
        self.at_the_source("plan", ".alter-merge table T (added:string)", text="'T'")
        self.copy()
        self.copy()
        self.ends_well()


class SourceTableTest(world_case.WorldCase):
    def test_dropped_between_plan_and_export(self):
        before = self.rows(self.source, "T")
        self.at_the_source("export", ".drop table T", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "(?s)T: .*(dropped|not found|doesn't exist|resolve)")
        self.assert_exact("Other")
        got = self.rows(self.destination, "T")
        self.assertEqual(sum((got - before).values()), 0)
        # It's told as long as nobody says that this is how it should be.
        self.copy(EXIT_STOPPED, r"(?s)T: .*source.*--tables-exclude")

    def test_replaced_by_another_of_the_same_name(self):
        self.at_the_source("export", ".drop table T", ".set T <| print n=1, other='x'", nth=3,
                           text="'T'")
        self.copy(EXIT_STOPPED, "T: .*(replaced by another|another schema)")
        self.copy(EXIT_STOPPED, "T: .*(replaced by another|another schema)")
        self.on_destination(".drop table T")
        self.copy(say="T: .*copied from the beginning")
        self.ends_well()

    def test_replaced_by_one_with_the_same_columns(self):
        self.at_the_source("export", ".rename table T to Old",
                           ".set T <| Old | where n < 5", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "T: .*replaced by another")
        self.copy(EXIT_STOPPED, r"T: .*another one than before.*\.drop table")
        self.on_destination(".drop table T")
        self.copy(say="T: .*copied from the beginning", more=["--tables-exclude", "Old"])
        self.assert_exact()


class SourceRowsTest(world_case.WorldCase):
    def drop_instant(self, i):
        self.on_source(f".drop extents ({self.instant('T', i)}) from T")

    def test_rows_dropped_between_plan_and_export(self):
        self.when(self.at_source, "export", lambda: self.drop_instant(4), nth=2, text="'T'")
        self.copy(say=f"T: .*{ROWS_PER_INSTANT} .*source")
        self.ends_well()

    def test_rows_dropped_between_fingerprint_and_export(self):
        self.when(self.at_source, "export", lambda: self.drop_instant(0), nth=1, text="'T'")
        self.at_source.inject(world_case.fault_proxy.Fault("slow", ("export",)))
        self.copy(say=f"T: .*{ROWS_PER_INSTANT} .*source")
        self.ends_well()

    # Some rows of an extent: the rest stands in a new one, with its ingestion times.
    HALF = ".delete table T records <| T | where n >= 430 and n < 480"

    def test_records_deleted_between_plan_and_export(self):
        self.at_the_source("export", self.HALF, nth=2, text="'T'")
        self.copy(say="T: .*50 .*source")
        self.ends_well()

    def test_records_deleted_while_planning(self):
        self.at_the_source("plan", self.HALF, text="'T'", phase="after")
        self.copy(say="T: .*50 .*source")
        self.ends_well()

    def test_records_deleted_between_their_fingerprint_and_export(self):
        self.at_the_source("fingerprint", ".delete table T records <| T | where n % 2 == 0",
                           text="'T'", phase="after")
        delete = self.moment

        def held(proxy, phase, seen):
            # An export is on its way beside its fingerprint: none acts before the deletion.
            if (seen.kind, phase) == ("export", "before") and re.search(delete.text, seen.text):
                delete.done.wait(DELETED_WITHIN_S)
            delete(proxy, phase, seen)
        self.at_source.hook = held
        self.copy(say="T: .*300 .*source")
        self.ends_well()

    def test_records_deleted_after_they_were_copied_are_told(self):
        self.copy()
        self.on_source(self.HALF)
        self.append(INSTANTS)
        self.copy(say="T: 50 rows that were copied were removed")
        self.verify(EXIT_DIFFERENT, "T")

    def test_table_cleared_between_plan_and_export(self):
        self.at_the_source("export", ".clear table T data", nth=2, text="'T'")
        self.copy(say="T: .*source")
        # What was copied before stays, as the README says.
        self.assertEqual(self.destination.scalar("T | count", self.db), ROWS_PER_INSTANT)
        self.verify(EXIT_DIFFERENT, "T")

    def test_rows_aged_out_between_plan_and_export(self):
        for i in range(2):
            self.append(INSTANTS + i, created="2020-01-01")
        def age():
            self.on_source(".alter table T policy retention "
                           "'{\"SoftDeletePeriod\":\"365.00:00:00\"}'")
            in_time.until(lambda: self.source.scalar("T | count", self.db) == ALL,
                          "retention did nothing")
        self.when(self.at_source, "export", age, nth=1, text="'T'")
        self.copy(say=f"T: .*{2 * ROWS_PER_INSTANT} .*source")
        self.ends_well()

    def test_rows_removed_after_they_were_copied_are_told(self):
        self.copy()
        self.drop_instant(0)
        self.append(INSTANTS)
        self.copy(say=f"T: {ROWS_PER_INSTANT} rows that were copied were removed")
        self.verify(EXIT_DIFFERENT, "T")


class SourceExtentsTest(world_case.WorldCase):
    def test_extents_merged_between_plan_and_export(self):
        def merge():
            ids = ", ".join(self.instant("T", i) for i in range(INSTANTS))
            self.on_source(f".merge T ({ids})")
        self.when(self.at_source, "export", merge, nth=2, text="'T'")
        self.copy()
        self.ends_well()

    def test_extents_merged_while_planning(self):
        def merge():
            ids = ", ".join(self.instant("T", i) for i in range(INSTANTS))
            self.on_source(f".merge T ({ids})")
        self.when(self.at_source, "plan", merge, text="'T'")
        self.copy()
        self.ends_well()

    def other_instants(self):
        """Rows of the same schema in another table, older than the copy's cursor."""
        self.on_source(".set Aside <| T | where n < 7 | extend n = n + 1000000")

    def test_extents_moved_in_after_the_plan(self):
        self.other_instants()
        self.at_the_source("export", ".move extents all from table Aside to table T", nth=3,
                           text="'T'")
        self.goes_on_and_tells()

    def goes_on_and_tells(self):
        """At the instant of the copy these rows weren't in the table. Told once; to have them, the
        table is copied anew."""
        more = ["--tables-exclude", "Aside"]
        said = self.copy(say="T: 7 rows were inserted behind the cursor", more=more)
        self.assertEqual(self.destination.scalar("T | count", self.db), ALL)
        self.assertNotIn("behind the cursor", self.copy(more=more))
        self.verify(EXIT_DIFFERENT, "T: 607 rows at the source, 600", more=more)
        self.on_destination(".drop table T")
        self.copy(more=more)
        self.assert_exact()
        self.verify(more=more)
        return said

    def test_extents_moved_in_while_planning(self):
        self.other_instants()
        self.at_the_source("plan", ".move extents all from table Aside to table T", text="'T'",
                           phase="after")
        self.goes_on_and_tells()

    def test_extents_moved_in_before_the_plan(self):
        """What came after the cursor was read but before the plan is planned, and copied."""
        self.other_instants()
        self.at_the_source("plan", ".move extents all from table Aside to table T", text="'T'")
        more = ["--tables-exclude", "Aside"]
        self.copy(say="T: rows were moved into the source behind the cursor.*607 are copied",
                  more=more)
        self.assert_exact()
        self.verify(more=more)

    def test_extents_moved_in_between_two_iterations(self):
        self.other_instants()
        more = ["--tables-exclude", "Aside"]
        self.copy(more=more)
        self.on_source(".move extents all from table Aside to table T")
        self.goes_on_and_tells()

    def test_extents_moved_out_after_the_plan(self):
        self.on_source(".create table Aside (n:long, at:datetime, word:string, x:real, j:dynamic)")
        def out():
            self.on_source(f".move extents from table T to table Aside ({self.instant('T', 4)})")
        self.when(self.at_source, "export", out, nth=2, text="'T'")
        more = ["--tables-exclude", "Aside"]
        self.copy(say=f"T: .*{ROWS_PER_INSTANT} .*source", more=more)
        self.assert_exact()
        self.verify(more=more)
        self.assert_clean()


class DestinationTableTest(world_case.WorldCase):
    GONE = "T: .*destination.*start kusto-copy again"

    def stops_and_starts_over(self):
        self.copy(EXIT_STOPPED, self.GONE)
        self.assert_exact("Other")
        self.copy(say="T: .*copied from the beginning")
        self.ends_well()

    def drops_and_starts_over(self):
        self.on_destination(".drop table T")
        self.copy(say="T: .*copied from the beginning")
        self.ends_well()

    def test_dropped_before_the_first_move(self):
        self.at_the_destination("move", ".drop table T", text="'T'")
        self.stops_and_starts_over()

    def test_dropped_between_two_moves(self):
        self.at_the_destination("move", ".drop table T", nth=3, text="'T'")
        self.stops_and_starts_over()

    def test_dropped_before_an_ingestion(self):
        self.at_the_destination("ingest", ".drop table T", nth=3)
        self.stops_and_starts_over()

    def test_dropped_after_the_last_move(self):
        self.at_the_destination("drop-tags", ".drop table T", text="'T'")
        self.stops_and_starts_over()

    def test_dropped_between_two_runs(self):
        self.copy()
        self.on_destination(".drop table T")
        self.append(INSTANTS)
        self.copy(say="T: .*copied from the beginning")
        self.ends_well()

    def test_replaced_by_another_of_the_same_name(self):
        self.at_the_destination("move", ".rename table T to Old",
                                f".create table T ({world_case.COLUMNS})", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, self.GONE)
        # What was moved into the new one before anybody could see it has to go.
        self.copy(EXIT_STOPPED, r"T: .*another one than before.*\.drop table")
        self.on_destination(".drop table Old")
        self.drops_and_starts_over()

    def test_renamed_before_a_move(self):
        self.at_the_destination("move", ".rename table T to Old", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, self.GONE)
        self.on_destination(".drop table T ifexists", ".rename table Old to T")
        self.copy()
        self.ends_well()

    def test_column_added_before_a_move(self):
        self.at_the_destination("move", ".alter-merge table T (mine:string)", nth=3, text="'T'")
        self.copy()
        self.copy(EXIT_STOPPED, r"T: .*'mine'.*\.drop column")
        self.on_destination(".drop column T.mine")
        self.copy()
        self.ends_well()

    def test_column_dropped_before_a_move(self):
        self.at_the_destination("move", ".drop column T.word", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "T: .*word")
        self.copy(EXIT_STOPPED, r"T: column 'word' was dropped at the destination.*\.drop table")
        self.drops_and_starts_over()

    def test_column_dropped_between_two_runs(self):
        self.copy()
        self.on_destination(".drop column T.word")
        self.append(INSTANTS)
        self.copy(EXIT_STOPPED, r"T: column 'word' was dropped at the destination.*\.drop table")
        self.drops_and_starts_over()

    def test_column_retyped_before_a_move(self):
        self.at_the_destination("move", ".alter column T.n type=string", nth=3, text="'T'")
        self.copy(EXIT_STOPPED, "T: .*'n'")
        self.copy(EXIT_STOPPED, "T: .*'n' is long at the source and string at the destination")
        self.drops_and_starts_over()

    def test_cleared_between_two_moves(self):
        """Rows that are removed at the destination are its owner's decision; verify shows them."""
        self.at_the_destination("move", ".clear table T data", nth=3, text="'T'")
        self.copy()
        self.verify(EXIT_DIFFERENT, r"(?s)DIFFERENT +T.*\.drop table")
        self.drops_and_starts_over()

    def test_database_dropped_before_an_ingestion(self):
        self.at_the_destination("ingest", f".drop database {self.db}", nth=2)
        self.copy((EXIT_FAILED, EXIT_STOPPED), f"'{self.db}'")
        self.copy()
        self.ends_well()


class RetentionTest(world_case.WorldCase):
    WEEK = "'{\"SoftDeletePeriod\":\"7.00:00:00\"}'"

    def setUp(self):
        super().setUp()
        self.on_source(".clear table T data")
        for i in range(INSTANTS):
            self.append(i, created="2020-01-01")

    def eaten(self):
        def wait():
            self.on_destination(f".alter table T policy retention {self.WEEK}")
            in_time.until(lambda: self.destination.scalar("T | count", self.db) == 0,
                          "retention did nothing")
        return wait

    def test_rows_eaten_between_the_move_and_its_answer(self):
        """The move acted, its answer is lost, the rows are gone when the copy looks."""
        self.at_destination.inject(world_case.fault_proxy.Fault("reset-after", ("move",),
                                                                text="'T'"))
        self.when(self.at_destination, "extents", self.eaten(), text="'T'")
        self.copy(say="T: .*no longer visible")
        self.verify(EXIT_DIFFERENT, "T")

    def test_destination_keeps_less_than_it_gets(self):
        self.destination.mgmt(f".create database {self.db}")
        self.on_destination(f".alter database {self.db} policy retention {self.WEEK}")
        self.copy(say=f"T: {ALL} rows are older than the destination's retention")

    def test_staging_that_rejects_old_creation_times(self):
        def reject():
            name = next(r["TableName"] for r in self.destination.mgmt(".show tables", self.db)
                        if r["TableName"].startswith("KcStaging_"))
            self.on_destination(f".alter table {name} policy retention {self.WEEK}")
        self.when(self.at_destination, "ingest", reject, nth=1)
        self.copy(EXIT_STOPPED, "T: .*CreationTime", more=["--tables-include", "T"])
        self.copy()
        self.ends_well()


class StagingTest(world_case.WorldCase):
    def staging(self):
        """Of the request that waits: another table's block may be anywhere."""
        return re.search(r"KcStaging_\w+", self.moment.held).group()

    def drop_staging(self):
        self.on_destination(f".drop table {self.staging()}")

    def remove_files(self):
        found = [p for p in lakes.files_below(self.lake)
                 if p.name.endswith((".parquet", ".gz"))]
        for path in found:
            path.unlink()
        if not found:
            raise RuntimeError("no files")

    # The first ones: of an earlier block the verified rows could be lost, which is the third test.
    def test_staging_dropped_before_an_ingestion(self):
        self.when(self.at_destination, "ingest", self.drop_staging)
        self.copy(EXIT_STOPPED, "KcStaging_.*not found")
        self.copy()
        self.ends_well()

    def test_staging_dropped_before_the_verification(self):
        self.when(self.at_destination, "verify", self.drop_staging)
        self.copy(EXIT_STOPPED, "KcStaging_")
        self.copy()
        self.ends_well()

    def test_staging_dropped_before_a_move(self):
        """What was there is gone, nothing tells whether it was published first: it stops, and says
        how to go on."""
        self.when(self.at_destination, "move", self.drop_staging, nth=2, text="'T'")
        self.copy(EXIT_STOPPED, "T: ")
        self.copy(EXIT_STOPPED, "T: .*undecidable.*drop the table at the destination")
        self.on_destination(".drop table T")
        self.copy(say="T: .*copied from the beginning")
        self.ends_well()

    def until_done(self, command):
        """Extents may go to the destination between a command's look and its change."""
        def done():
            try:
                self.on_destination(command)
            except kc.KustoError:
                return False
            return True
        in_time.until(done, command)

    def test_records_deleted_in_staging_before_a_move(self):
        """The extents that were verified are gone: what is there now is never published."""
        def delete():
            name = self.staging()
            self.until_done(f".delete table {name} records <| {name} | where n % 2 == 0")
        self.when(self.at_destination, "move", delete, nth=2, text="'T'")
        self.copy(EXIT_STOPPED, "T: .*staging were changed by somebody else")
        self.copy()
        self.ends_well()

    def test_files_removed_between_export_and_ingestion(self):
        self.when(self.at_destination, "ingest", self.remove_files, nth=2)
        self.copy()
        self.ends_well()


class CheckpointRemovedTest(world_case.WorldCase):
    def test_segment_removed_while_it_runs(self):
        def remove():
            for path in lakes.files_below(self.lake):
                if path.match("g*.csv"):
                    path.unlink()
        self.when(self.at_destination, "ingest", remove, nth=2)
        self.copy(EXIT_FAILED, "(?i)checkpoint")
        self.copy(EXIT_REFUSED, "(?i)checkpoint")

    def test_lake_removed_while_it_runs(self):
        def remove():
            def gone():  # it is being written to
                shutil.rmtree(self.lake, ignore_errors=True)
                return not self.lake.exists()
            in_time.until(gone, "the lake comes back again and again")
        self.when(self.at_destination, "ingest", remove, nth=2)
        self.copy(EXIT_FAILED, "(?i)checkpoint")
        self.copy(EXIT_REFUSED, "belongs to another copy")
        # The way out that the message names.
        self.on_destination(".drop function KC_Status", ".clear table T data",
                            ".clear table Other data")
        self.copy()
        self.assert_exact()
        self.verify()

    def test_checkpoint_removed_between_two_runs(self):
        self.copy()
        shutil.rmtree(self.lake)
        self.copy(EXIT_REFUSED, "(?s)belongs to another copy.*drop function KC_Status")
        self.assert_exact()


class PoliciesTest(world_case.WorldCase):
    def update_policy(self, **entry):
        policy = [{"IsEnabled": True, "Source": "T", "Query": "T | project n",
                   "IsTransactional": True, **entry}]
        text = json.dumps(policy).replace("'", "\\'")
        return f".alter table Derived policy update '{text}'"

    def make_destination(self, *commands):
        self.destination.mgmt(f".create database {self.db}")
        self.on_destination(".create table Derived (n:long)",
                            f".create table T ({world_case.COLUMNS})", *commands)

    def test_derived_rows_come_once(self):
        self.make_destination(self.update_policy())
        self.copy(say="T: an update policy at the destination derives rows of 'Derived'")
        self.assert_exact()
        got = collections.Counter(r["n"] for r in self.destination.rows("Derived", self.db))
        self.assertEqual(got, collections.Counter(range(ALL)))

    def test_wildcard_over_staging_is_refused(self):
        self.make_destination(self.update_policy(Source="*", SourceIsWildCard=True))
        self.copy(EXIT_REFUSED, "update policy of 'Derived'")

    def test_wildcard_set_while_it_runs(self):
        self.make_destination()
        self.at_the_destination("ingest", self.update_policy(Source="Kc*", SourceIsWildCard=True),
                                nth=3)
        self.copy(EXIT_STOPPED, "update policy of 'Derived'")
        self.assert_exact()

    def test_a_policy_that_fails_stops_the_table(self):
        """The move fails with the derivation: nothing of the block is published."""
        self.make_destination(self.update_policy())
        self.at_the_destination("move", ".alter-merge table Derived (more:string)", nth=3,
                                text="'T'")
        self.copy(EXIT_STOPPED, "T: .*(update policy|UpdatePolicy|Update policy)")
        self.on_destination(".alter table Derived policy update '[]'")
        self.copy()
        self.assert_exact()
        self.verify()


class ViewsTest(world_case.WorldCase):
    """Materialized views at the destination: the cluster's own words, through the proxy."""
    # Said with 400 and as permanent, meant for now (protocol F10).
    BUSY = ("Cannot {} extents, as some of them are currently processing by materialized views of "
            "the table")

    REFUSED = ("Cannot move extents to 'T' since materialized view 'Daily' will not process these "
               "extents")

    def busy(self, kind, word):
        self.at_destination.inject(world_case.fault_proxy.Fault("400", (kind,), times=5, text="'T'",
                                                     says=self.BUSY.format(word)))
        self.copy()
        self.assertGreaterEqual(len([r for r in self.at_destination.seen(kind) if r.fault]), 5)
        self.ends_well()

    def test_moves_wait_for_it(self):
        self.busy("move", "move")

    def test_tags_are_dropped_when_it_is_done(self):
        self.busy("drop-tags", "alter")

    def test_a_view_that_will_not_take_the_rows_stops_the_table(self):
        self.at_destination.inject(world_case.fault_proxy.Fault(
            "400", ("move",), times=10 ** 6, text="'T'", says=self.REFUSED))
        self.copy(EXIT_STOPPED, "T: .*materialized view 'Daily' will not process")
        sent = collections.Counter(r.text for r in self.at_destination.seen("move") if r.fault)
        self.assertLessEqual(max(sent.values()), 3)
        self.assert_exact("Other")
        self.at_destination.heal()
        self.copy()
        self.ends_well()


if __name__ == "__main__":
    unittest.main()
