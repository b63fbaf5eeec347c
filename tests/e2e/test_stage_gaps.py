"""The time between a stage's end on a server and the request that begins the block's next stage, as
seen from the wire; and how many polls that takes."""
import datetime
import json
import os
import re
import time
import unittest

from harness import fault_proxy, kc, pair

LIMIT_S = 0.25
TABLES, EXTENTS = 2, 15
# Operations from a few milliseconds to about a second.
ROWS = (500, 20_000, 150_000)
IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOKEN = re.compile(r"kc[0-9a-z]{26}")


def seconds(text):
    """Seconds since 1970 of Kusto's text of a time."""
    moment = datetime.datetime.fromisoformat(text[:19] + "+00:00")
    return moment.timestamp() + float("0." + (text[20:].rstrip("Z") or "0"))


def ranges(seen):
    """The rows that a text is about."""
    table = re.search(r"table\(\"(T\d+)\"|\['(T\d+)'\]", seen.text)
    table = table[1] or table[2]
    return (table, *re.findall(r"datetime\([^)]*\)", seen.text.split("where ingestion_time")[-1]))


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class StageGapTest(pair.PairTest):
    def setUp(self):
        super().setUp()
        # Room for all, so that what is measured isn't a queue.
        for local in (self.source, self.destination):
            local.stop()
            local.options += ["--export-capacity", "16", "--ingestion-capacity", "16"]
            local.start()
        self.proxies = [fault_proxy.FaultProxy("127.0.0.1", local.port, name=name)
                        for name, local in (("source", self.source),
                                            ("destination", self.destination))]
        for proxy in self.proxies:
            proxy.keep = ("export", "ingest", "verify")
        for table in range(TABLES):
            for i in range(EXTENTS):
                self.on_source(f".set-or-append T{table} with (creationTime='2024-01-{i + 1:02}') "
                               f"<| range n from 1 to {ROWS[i % len(ROWS)]} step 1 "
                               "| extend s=strcat('text ', n), x=n/7.0")

    def tearDown(self):
        for proxy in self.proxies:
            proxy.close()
        super().tearDown()

    def ends(self, local):
        return {row["OperationId"]: seconds(row["LastUpdatedOn"])
                for row in local.mgmt(".show operations", self.DATABASE)}

    @staticmethod
    def operation(seen):
        return json.loads(seen.answer)["Tables"][0]["Rows"][0][0]

    def test_gaps(self):
        load = os.getloadavg()[0]
        began = time.monotonic()
        code, out, err = kc.run_copy(
            "-l", self.lake, "-s", self.proxies[0].url, "-d", self.proxies[1].url, "--db",
            self.DATABASE, "--export-slots", 2, "--ingestion-slots", 16)
        took = time.monotonic() - began
        self.assertEqual(code, 0, out + err)
        source, destination = self.proxies
        exports, ingests = source.seen("export"), destination.seen("ingest")
        verifies, moves = destination.seen("verify"), destination.seen("move")
        self.assertEqual({len(exports), len(ingests), len(moves)}, {len(exports)})
        exported, ingested = self.ends(self.source), self.ends(self.destination)
        gaps = {"export to ingest": [], "ingest to verify": [], "verify to move": []}

        def gap(name, end, following):
            self.assertIsNotNone(following, f"{name}: nothing follows")
            gaps[name].append(max(0.0, following.wall(following.at) - end))

        def folder(seen):
            return re.search(r"/data/([^/\"]+/[^/\"]+)", seen.text)[1]
        by_folder = {folder(seen): seen for seen in ingests}
        # The source's fingerprint is a part of the stage: it runs beside the export.
        summed = {ranges(s): s.wall(s.ended) for s in source.seen("fingerprint")}
        for seen in exports:
            end = max(exported[self.operation(seen)], summed[ranges(seen)])
            gap("export to ingest", end, by_folder.get(folder(seen)))
        for seen in ingests:
            token = TOKEN.search(seen.text)[0]
            gap("ingest to verify", ingested[self.operation(seen)],
                next((v for v in verifies if token in v.text), None))
        for seen in verifies:
            ids = set(IDS.findall(seen.answer.decode()))
            gap("verify to move", seen.wall(seen.ended),
                next((m for m in moves if ids & set(IDS.findall(m.text))), None))
        for name, values in gaps.items():
            print(f"{name}: median {percentile(values, 0.5) * 1000:.0f} ms, p99 "
                  f"{percentile(values, 0.99) * 1000:.0f} ms of {len(values)}", flush=True)
        longest = max(exported[self.operation(s)] - s.wall(s.at) for s in exports)
        polls = len(source.seen("poll")) + len(destination.seen("poll"))
        print(f"polls: {polls} for {2 * len(exports)} operations in {took:.1f} s, the longest took "
              f"{longest:.2f} s", flush=True)
        everything = [value for values in gaps.values() for value in values]
        # On a machine that is busy with other things the tail says nothing.
        self.assertLessEqual(percentile(everything, 0.5), LIMIT_S)
        print(f"all: p99 {percentile(everything, 0.99) * 1000:.0f} ms (load {load:.0f} on "
              f"{os.cpu_count()} processors)", flush=True)
        if load < 2 * os.cpu_count():
            self.assertLessEqual(percentile(everything, 0.99), LIMIT_S)


if __name__ == "__main__":
    unittest.main()
