"""Microsoft's Node client against kusto-local: every type of value arrives as it was sent."""
import json
import pathlib
import subprocess
import unittest

from harness import kc

NPM = kc.ROOT / "tests/npm"
DB = "NetDefaultDB"

# KQL, type, what the client's raw rows must hold.
VALUES = [
    ("true", "bool", True), ("bool(null)", "bool", None),
    ("int(-2147483648)", "int", -2147483648), ("int(null)", "int", None),
    ("long(9007199254740991)", "long", 9007199254740991), ("long(null)", "long", None),
    ("real(1.5)", "real", 1.5), ("real(nan)", "real", "NaN"), ("real(+inf)", "real", "Infinity"),
    ("real(-inf)", "real", "-Infinity"), ("real(null)", "real", None),
    ("decimal(1234567890123456789.012345678901234)", "decimal",
     "1234567890123456789.012345678901234"),
    ("decimal(null)", "decimal", None),
    ("datetime(2020-01-02 03:04:05.1234567)", "datetime", "2020-01-02T03:04:05.1234567Z"),
    ("datetime(0001-01-01)", "datetime", "0001-01-01T00:00:00Z"),
    ("datetime(9999-12-31 23:59:59.9999999)", "datetime", "9999-12-31T23:59:59.9999999Z"),
    ("datetime(null)", "datetime", None),
    ("timespan(1.02:03:04.0000005)", "timespan", "1.02:03:04.0000005"),
    ("-1s", "timespan", "-00:00:01"), ("timespan(null)", "timespan", None),
    ("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
    ("guid(null)", "guid", None),
    ("'quote \" back \\\\ line \\n tab \\t nul \\u0001 é 😀'", "string",
     "quote \" back \\ line \n tab \t nul \u0001 é 😀"),
    ("''", "string", ""),
    ("dynamic({\"a\":[1,2.5,\"x\",null,true],\"b\":{}})", "dynamic",
     {"a": [1, 2.5, "x", None, True], "b": {}}),
    ("dynamic(\"text\")", "dynamic", "text"), ("dynamic([])", "dynamic", []),
    ("dynamic(null)", "dynamic", None),
]


class NodeClientTest(unittest.TestCase):
    def setUp(self):
        self.folder = kc.temporary_folder()
        self.local = kc.Local(pathlib.Path(self.folder.name) / "s").start()

    def tearDown(self):
        self.local.stop()
        self.folder.cleanup()

    def ask(self, *requests):
        lines = "".join(json.dumps({"db": DB, **request}) + "\n" for request in requests)
        done = subprocess.run(["node", str(NPM / "kusto_client.mjs"), self.local.url], input=lines,
                              capture_output=True, text=True, timeout=120, check=True)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    @staticmethod
    def primary(reply):
        return next(table for table in reply["tables"] if table["kind"] == "PrimaryResult")

    def test_every_type_through_both_versions(self):
        csl = "print " + ", ".join(f"c{i} = {value}" for i, (value, _, _) in enumerate(VALUES))
        for reply in self.ask({"csl": csl, "api": "query"}, {"csl": csl, "api": "queryv1"}):
            table = self.primary(reply)
            self.assertEqual(table["types"], [kind for _, kind, _ in VALUES])
            for (text, _, expected), got in zip(VALUES, table["rows"][0]):
                self.assertEqual(got, expected, text)

    def test_commands_parameters_and_errors(self):
        made, shown, query, wrong, late = self.ask(
            {"csl": ".create table ['a b'] (x:long)", "api": "mgmt"},
            {"csl": ".show tables | project TableName", "api": "mgmt"},
            {"csl": "declare query_parameters(p:string, n:long = 3); print p, n", "api": "query",
             "parameters": {"p": "it's"}},
            {"csl": "missing | take 1", "api": "query"},
            {"csl": "range x from 1 to 600000 step 1", "api": "query"})
        self.assertEqual(self.primary(made)["rows"][0][0], "a b")
        self.assertEqual(self.primary(shown)["rows"], [["a b"]])
        self.assertEqual(self.primary(query)["rows"], [["it's", 3]])
        self.assertEqual(wrong["status"], 400)
        self.assertIn("E_QUERY_RESULT_SET_TOO_LARGE", late["error"])


if __name__ == "__main__":
    unittest.main()
