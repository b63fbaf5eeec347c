"""The last rung of F20: an export that carries its rows' hashes. The very texts that kusto-copy
sends run on a kusto-local; the sums over the files are the fingerprint of the rows."""
import json
import os
import pathlib
import re
import subprocess
import unittest

from harness import kc

VALUES = {"bool": "x % 2 == 0", "int": "toint(x)", "long": "x", "real": "x * 0.1",
          "decimal": "todecimal(x) / 7", "datetime": "datetime(2024-01-01) + x * 1tick",
          "timespan": "x * 1tick", "guid": "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
          "string": "strcat('a\"\\n,', x)", "dynamic": "pack('k', x)"}


class RowHashes(unittest.TestCase):
    def texts(self, folder):
        path = pathlib.Path(folder) / "texts.jsonl"
        subprocess.run([kc.BIN / "kusto_test", "--gtest_brief=1",
                        "--gtest_filter=CommandTexts.AreWrittenForTheJudge"],
                       env={**os.environ, "KC_TEXTS_OUT": str(path)}, check=True, timeout=60,
                       cwd=kc.ROOT, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

        def find(what):
            return [line for line in lines if line["what"] == what and
                    ("['datetime']" in line["text"] or 'table("datetime"' in line["text"] or
                     what.startswith("sum"))][-1]

        return find

    def test_sums_over_the_files_are_the_fingerprint_of_the_rows(self):
        with kc.temporary_folder() as folder, kc.Local(pathlib.Path(folder) / "s") as local:
            find = self.texts(folder)
            local.mgmt(".create database D")
            fingerprint = find("fingerprint a residue")
            local.mgmt(f".create table ['datetime'] ({fingerprint['columns']})", "D")
            columns = re.findall(r"\['((?:[^'\\]|\\.)*)'\]:(\w+)", fingerprint["columns"])
            row = ", ".join(f"['{name}'] = {VALUES[kind]}" for name, kind in columns)
            local.mgmt(".append ['datetime'] <| range x from 1 to 1000 step 1 | project " + row,
                       "D")
            cursor = local.scalar("print cursor_current()", "D")

            def upto(text):
                return re.sub(r'cursor_before_or_at\("\d+"\)', f'cursor_before_or_at("{cursor}")',
                              text)

            export = upto(re.sub(r'h@?"https[^"]*"', f'h@"{folder}/out"',
                                 find("export with hashes")["text"]))
            operation = local.mgmt(export, "D")[0]["OperationId"]
            self.assertEqual(local.wait_operation(operation)["State"], "Completed")
            files = local.mgmt(f".show operation {operation} details", "D")
            paths = ", ".join(f'h@"{file["Path"]}"' for file in files)
            summed = re.sub(r'\[h@?"https[^"]*"\]', f"[{paths}]",
                            find("sum exported hashes")["text"])
            # The same third of the rows, asked of the table.
            rows = re.sub(r"\| where ingestion_time\(\) (between|>=).*\n", "", fingerprint["text"])
            rows = upto(rows).replace("% 4 == 3", "% 3 == 1")
            wanted = local.rows(rows, "D")
            self.assertGreater(wanted[0]["N"], 200)
            self.assertEqual(local.rows(summed, "D"), wanted)


if __name__ == "__main__":
    unittest.main()
