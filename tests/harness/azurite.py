"""What tests do with the storage emulator themselves (tools/with_azurite.sh gives its address and
published key): containers and lists of blobs, by signed requests. Standard library only."""
import base64
import email.utils
import hashlib
import hmac
import os
import re
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("KC_AZURITE_URL", "")
KEY = os.environ.get("KC_AZURITE_KEY", "")
VERSION = "2021-12-02"


def request(method, path, query=None, headers=None):
    """The body of the answer; `path` begins with '/' and follows the account's address."""
    query = query or {}
    account = urllib.parse.urlsplit(URL).path.strip("/")
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION,
               **(headers or {})}
    named = "".join(f"{k}:{v}\n" for k, v in sorted(headers.items()) if k.startswith("x-ms-"))
    resource = f"/{account}/{account}{urllib.parse.quote(path)}" + "".join(
        f"\n{k}:{v}" for k, v in sorted(query.items()))
    to_sign = method + "\n" * 12 + named + resource
    sign = base64.b64encode(hmac.new(base64.b64decode(KEY), to_sign.encode(),
                                     hashlib.sha256).digest()).decode()
    address = URL + urllib.parse.quote(path)
    if query:
        address += "?" + urllib.parse.urlencode(query)
    asked = urllib.request.Request(address, method=method, headers={
        **headers, "Authorization": f"SharedKey {account}:{sign}"})
    # urllib would invent a type for a body that there is not.
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.read()


def create_container(name):
    try:
        request("PUT", f"/{name}", {"restype": "container"})
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise


def blobs(container, prefix=""):
    """Names of blobs, by prefix."""
    names, marker = [], ""
    while True:
        query = {"restype": "container", "comp": "list", "prefix": prefix}
        if marker:
            query["marker"] = marker
        xml = request("GET", f"/{container}", query).decode()
        names += re.findall(r"<Name>([^<]*)</Name>", xml)
        found = re.search(r"<NextMarker>([^<]+)</NextMarker>", xml)
        if not found:
            return names
        marker = found[1]
