"""kusto-copy between two kusto-locals: whole copies of what users have, and of what is hard."""
import unittest

from harness import hard_values, kc, pair


class CopyTest(pair.PairTest):
    def test_every_type_and_hard_value(self):
        self.on_source(f".set-or-append HardValues <| {hard_values.datatable()}")
        self.copy()
        self.assert_same("HardValues")
        self.assert_nothing_left(["HardValues"])

    def test_a_second_run_copies_only_what_is_new(self):
        self.on_source(".set-or-append T <| range x from 1 to 1000 step 1")
        self.copy()
        self.on_source(".append T <| range x from 1001 to 1500 step 1")
        self.copy()
        self.assert_same("T")
        before = self.destination.scalar("T | summarize max(ingestion_time())", self.DATABASE)
        self.copy()
        after = self.destination.scalar("T | summarize max(ingestion_time())", self.DATABASE)
        self.assertEqual(before, after)
        self.assert_nothing_left(["T"])

    def test_names_of_every_kind(self):
        names = ["plain", "with space", "it's \"quoted\"", "dots.and-dashes", "Ünïcødé 表",
                 "table", "where", "_under", "Case", "case"]
        for i, name in enumerate(names):
            quoted = name.replace("\\", "\\\\").replace("'", "\\'")
            self.on_source(f".set-or-append ['{quoted}'] <| print ['a b']={i}, ['where']='x', "
                           f"['{quoted} again']=1")
        self.copy()
        for name in names:
            quoted = name.replace("'", "\\'")
            self.assert_same(quoted)
        self.assert_nothing_left(names)

    def test_a_database_with_another_name(self):
        self.on_source(".set T <| print x=1")
        self.copy(database=f"{self.DATABASE}=A copy")
        self.assert_same("T", "A copy")

    def test_several_databases(self):
        self.source.mgmt(".create database Second")
        self.on_source(".set T <| print x=1")
        self.source.mgmt(".set U <| print x=2", "Second")
        self.copy("--db", "Second")
        self.assert_same("T")
        self.assertEqual(self.destination.scalar("U", "Second"), 2)

    def test_include_and_exclude(self):
        for name in ("A1", "A2", "B1"):
            self.on_source(f".set {name} <| print x=1")
        self.copy("--tables-include", "A*", "B1", "--tables-exclude", "A2")
        self.assert_nothing_left(["A1", "B1"])

    def test_empty_tables_folders_and_docstrings(self):
        self.on_source(".create table Empty (a:long, ['b c']:dynamic) "
                       "with (folder='F', docstring='What it is')")
        self.copy()
        row = self.destination.mgmt(".show tables", self.DATABASE)[0]
        self.assertEqual((row["TableName"], row["Folder"], row["DocString"]),
                         ("Empty", "F", "What it is"))
        schema = self.destination.mgmt(".show table Empty cslschema", self.DATABASE)[0]["Schema"]
        self.assertEqual(schema.replace(" ", ""), "a:long,['bc']:dynamic")

    def test_another_schema_is_refused_with_the_difference(self):
        self.on_source(".set T <| print a=1, b='x'")
        self.destination.mgmt(f".create database {self.DATABASE}")
        self.destination.mgmt(".create table T (a:string, b:string)", self.DATABASE)
        text = kc.run_copy(*self.arguments())
        self.assertNotEqual(text[0], 0)
        said = text[1] + text[2]
        for word in ("T", "a", "long", "string"):
            self.assertIn(word, said)
        self.assertEqual(self.destination.scalar("T | count", self.DATABASE), 0)

    def test_new_columns_at_the_source_are_added(self):
        self.on_source(".set T <| print a=1")
        self.copy()
        self.on_source(".alter-merge table T (b:string)", ".append T <| print a=2, b='new'")
        self.copy()
        self.assert_same("T")

    def test_creation_times_are_kept(self):
        for day in range(1, 6):
            self.on_source(f".set-or-append T with (creationTime='2024-03-{day:02}T10:00:00Z') "
                           f"<| range x from 1 to 100 step 1 | extend day={day}")
        self.copy()
        self.assert_same("T")
        query = ".show table T extents | summarize min(MinCreatedOn), max(MaxCreatedOn)"
        self.assertEqual(self.source.mgmt(query, self.DATABASE),
                         self.destination.mgmt(query, self.DATABASE))

    def formats_of_ingestions(self):
        return [row["Text"].split('format=')[1][:30].split('"')[1]
                for row in self.destination.mgmt(".show commands", self.DATABASE)
                if row["Text"].lstrip().startswith(".ingest async")]

    def test_single_ticks_need_no_text_format(self):
        """The ends of what nanoseconds since 1970 carry, single ticks and nulls, by Parquet."""
        times = ["1677-09-22", "1969-12-31T23:59:59.9999999Z", "1970-01-01T00:00:00.0000001Z",
                 "2026-01-02T03:04:05.1234567Z", "2262-04-10T23:59:59.9999999Z", "null"]
        self.on_source(".set T <| datatable(n:long, at:datetime)[" + ", ".join(
            f"{i}, datetime({t})" for i, t in enumerate(times)) + "]")
        self.copy()
        self.assert_same("T")
        self.assertEqual(self.formats_of_ingestions(), ["parquet"])

    def test_single_ticks_far_from_today_go_as_text(self):
        self.on_source(".set T <| datatable(at:datetime)[datetime(0001-01-01T00:00:00.0000001Z), "
                       "datetime(9999-12-31T23:59:59.9999999Z), datetime(2026-01-01)]")
        self.copy()
        self.assert_same("T")
        self.assertEqual(self.formats_of_ingestions(), ["csv"])

    def test_whole_microseconds_far_from_today_go_by_parquet(self):
        self.on_source(".set T <| datatable(at:datetime)[datetime(0001-01-01), "
                       "datetime(9999-12-31T23:59:59.999999Z), datetime(2026-01-01)]")
        self.copy()
        self.assert_same("T")
        self.assertEqual(self.formats_of_ingestions(), ["parquet"])

    def test_undated_rows_are_told_and_copied_when_asked(self):
        self.on_source(".create table T (x:long)", ".alter table T policy ingestiontime false",
                       ".append T <| range x from 1 to 7 step 1",
                       ".alter table T policy ingestiontime true",
                       ".append T <| range x from 8 to 10 step 1")
        said = self.copy()
        self.assertRegex(said, r"\b7\b.*ingestion time")
        self.assertEqual(self.destination.scalar("T | count", self.DATABASE), 3)

    def test_long_strings_and_dynamics(self):
        self.on_source(".create table T (s:string, j:dynamic)",
                       ".alter column T.j policy encoding type='BigObject32'",
                       ".alter column T.s policy encoding type='BigObject32'",
                       ".append T <| print s=strcat_array(repeat('0123456789abcdef', 60000), ''), "
                       "j=repeat('a \"quoted\" text, 32 bytes long…', 100000)")
        self.assertGreater(self.source.scalar("T | project string_size(tostring(j))",
                                              self.DATABASE), 3_000_000)
        self.copy()
        self.assert_same("T")


if __name__ == "__main__":
    unittest.main()
