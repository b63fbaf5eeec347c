"""What a copy may do with ends while it runs: the SAS of the lake that the user gave, the ones that
kusto-copy makes itself, its tokens. What it makes itself it renews; of the user's it says that it
ended, and a start with a new one goes on."""
import json
import os
import threading
import time
import unittest

from harness import azurite, lakes, own_storage, world_case
from harness.world_case import EXIT_FAILED, EXIT_REFUSED, EXIT_STOPPED, INSTANTS

# As short as it can be: times in a SAS are whole seconds.
SHORT_S = 7
TOLD_WITHIN_S = 2


class UsersSasTest(world_case.WorldCase):
    def lake_with(self, seconds):
        return lakes.BlobLake(f"sas-{os.getpid()}/{self.db}",
                              credential=azurite.sas(lakes.BlobLake.CONTAINER, seconds))

    def lake_files(self):
        return self.lake_with(60).names()

    def ends_at(self, kind):
        azurite.create_container(lakes.BlobLake.CONTAINER)
        began = time.monotonic()
        short = self.lake_with(SHORT_S)

        def wait():
            # Times are cut to whole seconds, and the storage's look is a little later.
            time.sleep(max(0, began + SHORT_S + 1 - time.monotonic()))
        self.when(self.at_destination, kind, wait, nth=2)
        # The checkpoint can't be written, or a cluster can't reach the files.
        self.copy((EXIT_FAILED, EXIT_STOPPED), "SAS of the lake ended at 20", lake=short.argument)
        self.lake = self.lake_with(600).argument
        self.copy()
        self.ends_well()

    def test_ends_before_an_ingestion(self):
        self.ends_at("ingest")

    def test_has_ended_before_the_start(self):
        began = time.monotonic()
        self.copy(EXIT_REFUSED, "SAS of the lake ended at 20", lake=self.lake_with(-60).argument)
        self.assertLess(time.monotonic() - began, TOLD_WITHIN_S)


class OwnSasTest(own_storage.OwnStorageCase):
    """Signed by kusto-copy with the account's key, good for a while by the storage's clock: which
    jumps past that while an export or an ingestion is on its way."""

    def passes(self, proxy, kind):
        self.when(proxy, kind, lambda: self.storage_clock.set("+30d"), nth=2)
        self.copy()
        self.assertGreater(len(proxy.seen(kind)), INSTANTS + 1)  # one for each block, and again
        self.ends_well()

    def test_ends_before_an_export(self):
        self.passes(self.at_source, "export")

    def test_ends_before_an_ingestion(self):
        self.passes(self.at_destination, "ingest")


class Authority:
    """Sign-in for a cluster behind a proxy: its metadata, tokens, and who gets in."""

    def __init__(self, proxy):
        self.url, self.given, self.good = proxy.url, 0, set()
        self.lifetime_s, self.away, self.useless = 3600, False, False
        proxy.answers = self

    def connection(self):
        return f"{self.url};AppClientId=me;AppKey=secret;Authority Id=tenant"

    @staticmethod
    def answer(status, body):
        text = json.dumps(body).encode()
        return (f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: "
                f"{len(text)}\r\n\r\n").encode() + text

    def __call__(self, path, headers, body):
        if path.endswith("/auth/metadata"):
            return self.answer(200, {"AzureAD": {"LoginEndpoint": self.url,
                                                 "KustoServiceResourceId": "https://kusto"}})
        if path.endswith("/oauth2/v2.0/token"):
            if self.away:
                return self.answer(503, {"error": "busy"})
            self.given += 1
            if not self.useless:
                self.good.add(f"Bearer token-{self.given}")
            return self.answer(200, {"access_token": f"token-{self.given}",
                                     "expires_in": str(self.lifetime_s)})
        if headers.get("authorization") in self.good:
            return None
        return self.answer(401, {"error": {"code": "Unauthorized", "message": "token has ended",
                                           "@message": "the token has ended (injected)",
                                           "@permanent": True}})

    def revoke(self):
        self.good = set()


class TokensTest(world_case.WorldCase):
    def setUp(self):
        super().setUp()
        self.authorities = {"source": Authority(self.at_source),
                            "destination": Authority(self.at_destination)}

    def tearDown(self):
        self.at_source.answers = self.at_destination.answers = None
        super().tearDown()

    def command(self, *more, lake=None):
        words = super().command(*more, lake=lake)
        for flag, authority in zip(("-s", "-d"), self.authorities.values()):
            words[words.index(flag) + 1] = authority.connection()
        return words

    def verify(self, *_, **__):
        """By the rows alone: assert_exact."""

    def revoked_at(self, where, kind):
        authority = self.authorities[where]
        proxy = {"source": self.at_source, "destination": self.at_destination}[where]
        self.when(proxy, kind, authority.revoke, nth=2, phase="after")
        self.copy()
        self.ends_well()
        self.assertGreater(authority.given, 1)

    def test_revoked_after_an_export(self):
        self.revoked_at("source", "export")

    def test_revoked_after_an_ingestion(self):
        self.revoked_at("destination", "ingest")

    def test_revoked_before_a_move(self):
        self.revoked_at("destination", "verify")

    def test_short_lives(self):
        """They are fetched anew five minutes before their end: these are good for one request."""
        for authority in self.authorities.values():
            authority.lifetime_s = 300
        self.copy()
        self.ends_well()
        self.assertGreater(self.authorities["source"].given, INSTANTS)

    def test_revoked_while_nobody_gives_tokens(self):
        authority = self.authorities["destination"]

        def away():
            authority.revoke()
            authority.away = True
            threading.Timer(1.5, lambda: setattr(authority, "away", False)).start()
        self.when(self.at_destination, "ingest", away, nth=2, phase="after")
        self.copy()
        self.ends_well()

    def test_refused_for_good(self):
        self.authorities["destination"].useless = True
        began = time.monotonic()
        self.copy(EXIT_REFUSED, "the token has ended")
        self.assertLess(time.monotonic() - began, TOLD_WITHIN_S)
        self.assertLessEqual(self.authorities["destination"].given, 3)


if __name__ == "__main__":
    unittest.main()
