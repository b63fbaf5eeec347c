"""What tests do with the storage emulator themselves (tools/with_azurite.sh gives its address):
containers and lists of blobs, by signed requests; and emulators of their own.
Standard library only."""
import base64
import email.utils
import hashlib
import hmac
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

# Without it there is no test: nothing is skipped in silence. `make test` sets it.
URL = os.environ.get("KC_AZURITE_URL") or None
VERSION = "2021-12-02"
TYPE = "application/octet-stream"
ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "npm/node_modules/azurite/dist/src/blob/main.js"
KEEPS_GARBAGE = ROOT / "harness/azurite_keeps_garbage.cjs"
# The emulator's key is the same everywhere and published.
KEY = ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBH"
       "BeksoGMGw==")


def required():
    """The address of the running emulator; an error where there is none."""
    if not URL:
        raise RuntimeError("needs the storage emulator: run it under tools/with_azurite.sh")
    return URL


def _signature(text):
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def request(method, path, query=None, headers=None, url=None, body=None):
    """The body of the answer; `path` begins with '/' and follows the account's address."""
    query = query or {}
    url = url or URL
    account = urllib.parse.urlsplit(url).path.strip("/")
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION,
               **(headers or {})}
    named = "".join(f"{k}:{v}\n" for k, v in sorted(headers.items()) if k.startswith("x-ms-"))
    resource = f"/{account}/{account}{urllib.parse.quote(path)}" + "".join(
        f"\n{k}:{v}" for k, v in sorted(query.items()))
    length = str(len(body)) if body else ""
    to_sign = method + "\n" * 3 + length + "\n" * 2 + \
        (TYPE if body else "") + "\n" * 7 + named + resource
    address = url + urllib.parse.quote(path)
    if query:
        address += "?" + urllib.parse.urlencode(query)
    if body:  # urllib would invent a type
        headers["Content-Type"] = TYPE
    asked = urllib.request.Request(address, data=body, method=method, headers={
        **headers, "Authorization": f"SharedKey {account}:{_signature(to_sign)}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.read()


def create_container(name, url=None):
    try:
        request("PUT", f"/{name}", {"restype": "container"}, url=url)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise


def sas(container, seconds, rights="rwdlac", url=None):
    """A signature for a container that ends after so long."""
    account = urllib.parse.urlsplit(url or URL).path.strip("/")
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    # Version 2020-12-06: the fields in this order, those that are empty too.
    fields = [rights, "", ends, f"/blob/{account}/{container}", "", "", "", VERSION, "c", "", "",
              "", "", "", "", ""]
    return urllib.parse.urlencode({"sp": rights, "se": ends, "sv": VERSION, "sr": "c",
                                   "sig": _signature("\n".join(fields))})


def blobs(container, prefix="", url=None):
    """Names of blobs, by prefix."""
    names, marker = [], ""
    while True:
        query = {"restype": "container", "comp": "list", "prefix": prefix}
        if marker:
            query["marker"] = marker
        xml = request("GET", f"/{container}", query, url=url).decode()
        names += re.findall(r"<Name>([^<]*)</Name>", xml)
        found = re.search(r"<NextMarker>([^<]+)</NextMarker>", xml)
        if not found:
            return names
        marker = found[1]


class Emulator:
    """One of its own, for a test that needs another environment (a false clock)."""

    def __init__(self, environment=None):
        # Port 0: it takes a free one and says which.
        self.process = subprocess.Popen(
            ["node", "-r", str(KEEPS_GARBAGE), str(PROGRAM), "--silent", "--disableTelemetry",
             "--skipApiVersionCheck", "--inMemoryPersistence", "--blobHost", "127.0.0.1",
             "--blobPort", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search("successfully listens on (.*)", line):
                self.url = f"{found[1]}/devstoreaccount1"
                return
        self.close()
        raise RuntimeError("the storage emulator did not start: " + "".join(said))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def lake(self, container, folder):
        create_container(container, self.url)
        return f"{self.url}/{container}/{folder};{KEY}"

    def names(self, container, folder):
        return blobs(container, folder + "/", self.url)
