"""Wrong input to kusto-copy: one clear line that names the thing, within two seconds, a documented
exit code, and nothing changed."""
import os
import pathlib
import re
import subprocess
import unittest

from harness import kc, pair


class RefusalTest(pair.PairTest):
    def setUp(self):
        super().setUp()
        self.on_source(".set T <| print x=1")

    def assert_untouched(self):
        names = {row["DatabaseName"] for row in self.destination.mgmt(".show databases")}
        self.assertEqual(names, {"NetDefaultDB"})

    def test_unknown_option(self):
        _, line = self.refused(*self.arguments("--no-such-option"))
        self.assertIn("--no-such-option", line)

    def test_an_unknown_word_is_told_before_a_missing_option(self):
        for word in ("--no-such-option", "copie"):
            code, line = self.refused(word)
            self.assertEqual(code, 2)
            self.assertIn(word, line)

    def test_an_empty_address(self):
        # As a script gives it whose variable isn't set.
        for option in ("-l", "-s", "-d"):
            args = ["-l", self.lake, "-s", self.source.url, "-d", self.destination.url, "--db", "X"]
            args[args.index(option) + 1] = ""
            code, line = self.refused(*args)
            self.assertEqual(code, 2)
            self.assertIn("is empty", line)

    def test_a_password_in_an_address_is_not_printed(self):
        _, line = self.refused("-l", self.lake, "-s", "http://me:Secret77@127.0.0.1:9", "-d",
                               self.destination.url, "--db", self.DATABASE)
        self.assertNotIn("secret77", line.lower())

    def test_missing_option(self):
        _, line = self.refused("-l", self.lake, "-s", self.source.url, "--db", "X")
        self.assertIn("destination", line)

    def test_malformed_url(self):
        _, line = self.refused("-l", self.lake, "-s", "htp:/nonsense", "-d", self.destination.url,
                               "--db", self.DATABASE)
        self.assertIn("htp:/nonsense", line)
        self.assert_untouched()

    def test_unreachable_host(self):
        _, line = self.refused("-l", self.lake, "-s", "http://127.0.0.1:9", "-d",
                               self.destination.url, "--db", self.DATABASE)
        self.assertEqual(line.count("cluster 'http://127.0.0.1:9'"), 1)
        self.assert_untouched()

    def test_a_local_cluster_without_its_scheme(self):
        code, _, err = kc.run_copy("-l", str(self.lake), "-s",
                                   self.source.url.removeprefix("http://"), "-d",
                                   self.destination.url, "--db", self.DATABASE)
        self.assertEqual(code, 3)
        self.assertIn("http:// instead of https://", err)

    def test_missing_database(self):
        _, line = self.refused(*self.arguments(database="Nowhere"))
        self.assertIn("Nowhere", line)
        self.assert_untouched()

    def test_a_mistake_in_one_database_keeps_the_others_from_starting(self):
        code, out, err = kc.run_copy(*self.arguments(), "--db", "Nowhere")
        self.assertEqual(code, 3, out + err)
        self.assertIn("there is no database 'Nowhere'", err)
        self.assertIn(f"{self.DATABASE}: not started", err)
        self.assert_untouched()
        # What ran before goes on, whatever happens to the other.
        self.source.mgmt(".create database Second")
        self.copy("--db", "Second")
        self.source.mgmt(".drop database Second")
        self.on_source(".append T <| print x=2")
        self.copy("--db", "Second", expect=1)
        self.assert_same("T")

    def test_missing_table(self):
        _, line = self.refused(*self.arguments("--tables-include", "T", "Missing"))
        self.assertIn("Missing", line)
        self.assert_untouched()

    def test_both_sides_the_same(self):
        _, line = self.refused("-l", self.lake, "-s", self.source.url, "-d", self.source.url,
                               "--db", self.DATABASE)
        self.assertIn(self.DATABASE, line)

    def test_both_sides_the_same_under_two_addresses(self):
        other = self.source.url.replace("127.0.0.1", "localhost")
        code, line = self.refused("-l", self.lake, "-s", self.source.url, "-d", other,
                                  "--db", self.DATABASE, "--append")
        self.assertEqual(code, 3)
        self.assertIn("same database", line)
        self.assertEqual(self.source.scalar("T | count", self.DATABASE), 1)

    def test_verify_by_a_column_that_is_not_there(self):
        self.copy()
        code, line = self.refused("verify", *self.arguments("--by", "Whenever"))
        self.assertEqual(code, 3)
        self.assertIn("'Whenever'", line)

    def test_a_lake_that_cannot_be_written(self):
        _, line = self.refused(*self.arguments(lake="/proc/lake"))
        self.assertIn("/proc/lake", line)
        self.assert_untouched()

    def test_a_checkpoint_of_another_source(self):
        self.copy()
        with kc.Local(self.work / "other") as other:
            other.mgmt(f".create database {self.DATABASE}")
            other.mgmt(".set T <| print x=2", self.DATABASE)
            _, line = self.refused("-l", self.lake, "-s", other.url, "-d", self.destination.url,
                                   "--db", self.DATABASE)
            self.assertIn(str(self.lake), line)
        self.assertEqual(self.destination.scalar("T", self.DATABASE), 1)

    def test_addresses_from_the_environment(self):
        surroundings = {**os.environ, "KUSTO_COPY_LAKE": str(self.lake),
                        "KUSTO_COPY_SOURCE": self.source.url,
                        "KUSTO_COPY_DESTINATION": self.destination.url}
        def run(*args):
            return subprocess.run(kc.copy_command(*args), env=surroundings, capture_output=True,
                                  text=True, timeout=60)
        done = run("--db", self.DATABASE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same("T")
        self.assertIn("complete iteration: 1", run("status").stdout)
        # What is on the command line counts.
        done = run("status", "-l", str(self.work / "elsewhere"))
        self.assertEqual(done.returncode, 3)

    def test_bad_rpo(self):
        _, line = self.refused(*self.arguments("--rpo", "soon"))
        self.assertIn("soon", line)

    def test_exit_codes_are_in_the_help(self):
        out = subprocess.run(kc.copy_command("--help"), capture_output=True, text=True, check=True)
        self.assertRegex(out.stdout, re.compile("exit (code|status)", re.I))
        readme = pathlib.Path(kc.ROOT / "README.md").read_text()
        self.assertIn("xit code", readme)


if __name__ == "__main__":
    unittest.main()
