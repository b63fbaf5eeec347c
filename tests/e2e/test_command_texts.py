"""Microsoft's parser over every command and query text that kusto-copy can send."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / "tests" / "npm" / "node_modules"


def judge(lines):
    """(exit code, output) of the parser over JSON lines."""
    done = subprocess.run(["node", str(ROOT / "tests/tools/kql_check.js")], input=lines, text=True,
                          capture_output=True, timeout=600,
                          env={**os.environ, "NODE_PATH": str(NODE_MODULES)}, check=False)
    return done.returncode, done.stdout + done.stderr


class CommandTexts(unittest.TestCase):
    def test_every_text_is_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "texts.jsonl"
            subprocess.run([os.environ["KC_BIN"] + "/kusto_test", "--gtest_brief=1",
                            "--gtest_filter=CommandTexts.AreWrittenForTheJudge"],
                           env={**os.environ, "KC_TEXTS_OUT": str(path)}, check=True, timeout=60,
                           cwd=ROOT)
            lines = path.read_text(encoding="utf-8")
        self.assertGreater(lines.count("\n"), 250)
        code, output = judge(lines)
        self.assertEqual(code, 0, output)

    def test_the_judge_can_refuse(self):
        for text in (".shw tables", ".show table T extents wher tags has 'x'", "T | wher x"):
            code, output = judge(json.dumps({"what": "wrong", "text": text}))
            self.assertEqual(code, 1, output)


if __name__ == "__main__":
    unittest.main()
