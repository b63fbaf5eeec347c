"""Queries and commands that reach from one kusto-local to another."""
import pathlib
import unittest

from harness import kc


class ClustersTest(unittest.TestCase):
    def setUp(self):
        self.folder = kc.temporary_folder()
        work = pathlib.Path(self.folder.name)
        self.near = kc.Local(work / "near").start()
        self.far = kc.Local(work / "far").start()
        self.far.mgmt(".create database Other")
        self.far.mgmt(".set-or-append T2 <| range b from 1 to 5 step 1 | extend a = strcat('x', b)",
                      "Other")

    def tearDown(self):
        self.near.stop()
        self.far.stop()
        self.folder.cleanup()

    def test_tables_of_another_cluster(self):
        far = f"cluster('{self.far.url}').database('Other')"
        self.assertEqual(self.near.scalar(f"{far}.T2 | where b > 2 | count"), 3)
        self.near.mgmt(".set Here <| print b = 4")
        rows = self.near.rows(f"Here | join kind=inner ({far}.['T2']) on b | project a")
        self.assertEqual(rows, [{"a": "x4"}])
        with self.assertRaises(kc.KustoError):
            self.near.query(f"{far}.Missing")
        with self.assertRaises(kc.KustoError):
            self.near.query("cluster('http://127.0.0.1:1').database('Other').T2")

    def test_a_database_by_its_alias(self):
        alias = f"alias database ['The far'] = cluster('{self.far.url}').database('Other');\n"
        self.assertEqual(self.near.scalar(alias + "database('The far').T2 | count"), 5)
        self.assertEqual(
            self.near.scalar(alias + "let T = database('The far').T2; T | where b > 3 | count"), 2)
        with self.assertRaises(kc.KustoError):
            self.near.query("database('The far').T2 | count")
        with self.assertRaises(kc.KustoError):  # no cluster
            self.near.query("alias database D = database('NetDefaultDB'); print 1")

    def test_commands_run_within_queries(self):
        command = f"evaluate execute_show_command('{self.far.url}/Other', '.show tables')"
        self.assertEqual([row["TableName"] for row in self.near.rows(command)], ["T2"])
        self.near.mgmt(".create table Mine (x:long)")
        command = f"evaluate execute_show_command('{self.near.url}', '.show tables | count')"
        self.assertEqual(self.near.scalar(command), 1)
        self.near.mgmt(".set-or-append Names <| .show tables | project TableName")
        self.assertEqual(self.near.rows("Names"), [{"TableName": "Mine"}])

    def test_a_function_hides_a_table_but_from_table(self):
        self.near.mgmt(".set V <| range x from 1 to 9 step 1")
        self.near.mgmt(".create function V() { table('V') | where x > 5 }")
        self.assertEqual(self.near.scalar("V | count"), 4)
        for text in ("table('V')", "table('V', 'all')", "database('NetDefaultDB').table('V')"):
            self.assertEqual(self.near.scalar(text + " | count"), 9, text)
        self.near.mgmt(".create function OnlyHere() { print 1 }")
        self.assertEqual(self.near.scalar("table('OnlyHere') | count"), 1)
        with self.assertRaises(kc.KustoError):
            self.near.query("table('V', 'warm')")

    def test_functions_are_checked_when_they_are_made(self):
        with self.assertRaises(kc.KustoError):
            self.near.mgmt(".create function F() { Missing | count }")
        self.near.mgmt(".create function with (skipvalidation=true) F() { Missing | count }")
        self.near.mgmt(".create function G(a:long, T:(x:long)) { T | where x > a }")
        rows = self.near.rows("G(2, (range x from 1 to 4 step 1)) | summarize s = sum(x)")
        self.assertEqual(rows, [{"s": 7}])
        self.near.mgmt(".create-or-alter function H(a:string = 'dflt') { print a }")
        self.assertEqual(self.near.scalar("H()"), "dflt")
        self.near.mgmt(".create function One() { 1 }")
        self.assertEqual(self.near.scalar("print One() + 1"), 2)


if __name__ == "__main__":
    unittest.main()
