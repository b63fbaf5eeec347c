"""The REST addresses of kusto-local, as bytes on the wire."""
import gzip
import json
import pathlib
import socket
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import in_time, kc

DB = "NetDefaultDB"


class RestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = kc.temporary_folder()
        cls.local = kc.Local(pathlib.Path(cls.folder.name) / "s", "--query-capacity", "2").start()

    @classmethod
    def tearDownClass(cls):
        assert cls.local.stop() == 0
        cls.folder.cleanup()

    def send(self, path, body=None, headers=None, method=None):
        """(status, headers, body text); errors are answers too."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self.local.url + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, got, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, got, text = error.code, error.headers, error.read()
        if got.get("Content-Encoding") == "gzip":
            text = gzip.decompress(text)
        return status, got, text.decode()

    def rows(self, path, body):
        status, _, text = self.send(path, body)
        self.assertEqual(status, 200, text)
        answer = json.loads(text)
        if isinstance(answer, dict):
            return answer["Tables"][0]["Rows"]
        return next(f["Rows"] for f in answer if f.get("TableKind") == "PrimaryResult")

    def error(self, csl, path="/v1/rest/query", status=400):
        got, _, text = self.send(path, {"db": DB, "csl": csl})
        self.assertEqual(got, status, text)
        return json.loads(text)["error"]

    def test_get_and_post_are_the_same(self):
        query = urllib.parse.urlencode({"db": DB, "csl": "print x = 1 + 1"})
        for version in ("v1", "v2"):
            posted = self.rows(f"/{version}/rest/query", {"db": DB, "csl": "print x = 1 + 1"})
            self.assertEqual(posted, [[2]])
            status, _, text = self.send(f"/{version}/rest/query?{query}")
            self.assertEqual(status, 200)
            self.assertIn("[2]", text)

    def test_properties_as_object_and_as_string(self):
        properties = {"Options": {"query_now": "2020-01-02T00:00:00Z"}, "Parameters": {"p": "a b"}}
        csl = "declare query_parameters(p:string); print n = now(), p"
        for form in (properties, json.dumps(properties)):
            body = {"db": DB, "csl": csl, "properties": form}
            self.assertEqual(self.rows("/v2/rest/query", body), [["2020-01-02T00:00:00Z", "a b"]])

    def test_options_that_would_change_the_answer(self):
        csl = "set query_now = datetime(2021-05-06); print now()"
        self.assertEqual(self.rows("/v2/rest/query", {"db": DB, "csl": csl}),
                         [["2021-05-06T00:00:00Z"]])
        for option, value in (("query_cursor_after_default", "1"), ("query_language", "sql"),
                              ("query_cursor_disabled", True)):
            body = {"db": DB, "csl": "print 1", "properties": {"Options": {option: value}}}
            status, _, text = self.send("/v2/rest/query", body)
            self.assertEqual(status, 400)
            self.assertIn(str(value) if option == "query_language" else option, text)
        self.assertIn("query_cursor_disabled",
                      self.error("set query_cursor_disabled; print 1")["@message"])

    def test_ids_come_back(self):
        _, headers, _ = self.send("/v1/rest/query", {"csl": "print 1"},
                                  {"x-ms-client-request-id": "Test;1"})
        self.assertEqual(headers["x-ms-client-request-id"], "Test;1")
        self.assertRegex(headers["x-ms-activity-id"], "^[0-9a-f-]{36}$")
        _, headers, _ = self.send("/v1/rest/query", {"csl": "print 1"})
        self.assertTrue(headers["x-ms-client-request-id"].startswith("unspecified;"))

    def test_gzip_both_ways(self):
        body = gzip.compress(json.dumps({"csl": "range x from 1 to 5000 step 1"}).encode())
        status, headers, text = self.send("/v1/rest/query", body,
                                          {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(len(json.loads(text)["Tables"][0]["Rows"]), 5000)

    def test_commands_on_each_address(self):
        self.assertEqual(self.send("/v2/rest/query", {"csl": ".show tables"})[::2], (
            400, "Bad request: Control commands (starting with a dot '.') do not support "
                 "api_version=v2"))
        csl = ".show version | project ServiceType"
        for path in ("/v1/rest/query", "/v1/rest/mgmt"):
            self.assertEqual(self.rows(path, {"db": DB, "csl": csl}), [["Engine"]])
        self.assertIn("dot", self.error("print 1", "/v1/rest/mgmt")["@message"])

    def test_stored_views_belong_to_wildcards(self):
        self.local.mgmt(".set Seen <| range n from 1 to 3 step 1", DB)
        self.local.mgmt(".create function with (view=true) SeenView() { Seen | take 2 }", DB)
        self.local.mgmt(".create function SeenPlain() { Seen }", DB)
        self.local.mgmt(".create function with (view=true) SeenMore(n:long = 1) { Seen }", DB)
        _, rows = self.local.query("union withsource=t Seen* | summarize n=count() by t", DB)
        self.assertEqual(dict(rows), {"Seen": 3, "SeenView": 2})
        self.assertEqual(self.local.scalar("search in (SeenV*) '2' | count", DB), 1)

    def test_metadata_for_clients(self):
        status, _, text = self.send("/v1/rest/auth/metadata")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text)["AzureAD"]["KustoServiceResourceId"],
                         "https://kusto.kusto.windows.net")

    def test_error_bodies(self):
        semantic = self.error("print nothing_like_this")
        self.assertTrue(semantic["@permanent"])
        self.assertTrue(semantic["innererror"]["code"].startswith("SEM"))
        self.assertEqual(semantic["@database"], DB)
        self.assertTrue(self.error("print (")["@type"].endswith("SyntaxException"))
        self.assertIn("not known", self.error(".dance all night")["@message"])
        status, _, text = self.send("/v1/rest/query", {"db": "missing", "csl": "print 1"})
        self.assertEqual((status, json.loads(text)["error"]["code"]),
                         (400, "BadRequest_EntityNotFound"))
        for body in (b"", b"{", b"[]", {"db": DB}, {"csl": " "}):
            self.assertEqual(self.send("/v1/rest/query", body, method="POST")[0], 400)
        self.assertEqual(self.send("/v9/nothing")[0], 404)
        self.assertIn("twice", self.error(".set D <| print ['a']=1, ['a']=2")["@message"])

    def test_results_that_are_too_large(self):
        body = {"db": DB, "csl": "range x from 1 to 100 step 1",
                "properties": {"Options": {"truncationmaxrecords": 10}}}
        frames = json.loads(self.send("/v2/rest/query", body)[2])
        primary = next(f for f in frames if f.get("TableKind") == "PrimaryResult")
        self.assertEqual(len(primary["Rows"]), 11)
        self.assertIn("OneApiErrors", primary["Rows"][-1])
        self.assertTrue(frames[-1]["HasErrors"])
        body["properties"]["Options"]["deferpartialqueryfailures"] = True
        frames = json.loads(self.send("/v2/rest/query", body)[2])
        self.assertFalse(frames[-1]["HasErrors"])
        body["properties"]["Options"] = {"notruncation": True}
        body["csl"] = "range x from 1 to 600000 step 1"
        self.assertEqual(len(self.rows("/v2/rest/query", body)), 600_000)

    def test_a_query_can_be_cancelled_and_capacity_is_kept(self):
        slow = ("range x from 1 to 100000000 step 1 | extend y = hash_sha256(tostring(x)) "
                "| where y startswith '00000000000' | count")
        answers = []

        def run(number):
            answers.append(self.send("/v2/rest/query", {"db": DB, "csl": slow},
                                     {"x-ms-client-request-id": f"slow;{number}"})[0])

        threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        in_time.until(lambda: len(self.local.mgmt(".show running queries")) == 2)
        throttled = self.error("print 1", status=429)
        self.assertFalse(throttled["@permanent"])
        for number in range(2):
            row = self.local.mgmt(f".cancel query 'slow;{number}'")[0]
            self.assertTrue(row["RunningQueryCanceled"])
        for thread in threads:
            thread.join(30)
        self.assertEqual(answers, [400, 400])
        states = {row["ClientActivityId"]: row["State"] for row in self.local.mgmt(".show queries")}
        self.assertEqual(states["slow;0"], "Cancelled")
        self.assertEqual(self.rows("/v2/rest/query", {"db": DB, "csl": "print 1"}), [[1]])

    def test_a_client_that_goes_away_ends_its_query(self):
        body = json.dumps({"db": DB, "csl": "range x from 1 to 1000000000 step 1 | extend y = "
                           "hash_sha256(tostring(x)) | where y startswith '00000000000' | count"})
        with socket.create_connection(("127.0.0.1", self.local.port)) as connection:
            connection.sendall(f"POST /v2/rest/query HTTP/1.1\r\nHost: x\r\nContent-Length: "
                               f"{len(body)}\r\n\r\n{body}".encode())
            in_time.until(lambda: self.local.mgmt(".show running queries"))
        in_time.until(lambda: not self.local.mgmt(".show running queries"))

    def test_a_time_limit(self):
        body = {"db": DB, "properties": {"Options": {"servertimeout": "00:00:01"}},
                "csl": "range x from 1 to 100000000 step 1 | extend y = hash_sha256(tostring(x)) "
                       "| where y startswith '00000000000' | count"}
        began = time.monotonic()
        status, _, text = self.send("/v2/rest/query", body)
        self.assertEqual(status, 504, text)
        self.assertLess(time.monotonic() - began, 10)

    def test_a_command_has_a_time_limit(self):
        body = {"db": DB, "properties": {"Options": {"servertimeout": "00:00:01"}},
                "csl": ".set Late <| range x from 1 to 100000000 step 1 "
                       "| extend y = hash_sha256(tostring(x))"}
        began = time.monotonic()
        status, _, text = self.send("/v1/rest/mgmt", body)
        self.assertEqual(status, 504, text)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.local.mgmt(".show tables | where TableName == 'Late'"), [])


if __name__ == "__main__":
    unittest.main()
