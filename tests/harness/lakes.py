"""A lake as a test sees it: what kusto-copy is told (`argument`), and its objects by name, to be
read, changed and removed behind its back. A local folder, or blob storage (the emulator)."""
import os
import pathlib
import re
import urllib.error

from harness import azurite


def files_below(folder):
    """Also while others make and remove folders in it."""
    return [pathlib.Path(root) / name for root, _, names in os.walk(folder) for name in names]


class FolderLake:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.argument = str(path)

    def names(self, pattern=""):
        return sorted(str(p.relative_to(self.path)) for p in files_below(self.path)
                      if re.search(pattern, str(p)))

    def manifest(self):
        """Compare-and-swap on a file system: the file with the highest number counts, the one
        called manifest.json is for people (azure/versioned_file.h)."""
        return max((name for name in self.names(r"\.kc-store/versions/")
                    if b'"generation"' in self.read(name)), key=lambda n: n.rsplit("/", 1)[1])

    def read(self, name):
        return (self.path / name).read_bytes()

    def write(self, name, data):
        (self.path / name).write_bytes(data)

    def remove(self, name):
        (self.path / name).unlink()


class BlobLake:
    """`url`: where kusto-copy finds the storage, if a proxy stands before it."""
    CONTAINER = "lakes"

    def __init__(self, folder, url=None, credential=None):
        azurite.create_container(self.CONTAINER)
        self.folder = f"{self.CONTAINER}/{folder}"
        self.argument = f"{url or azurite.required()}/{self.folder}" + \
            (f"?{credential}" if credential else f";{azurite.KEY}")

    def names(self, pattern=""):
        prefix = self.folder.split("/", 1)[1] + "/"
        return sorted(name[len(prefix):] for name in azurite.blobs(self.CONTAINER, prefix)
                      if re.search(pattern, name))

    def manifest(self):
        return next(iter(self.names("checkpoint/manifest.json$")))

    def _request(self, method, name, query=None, headers=None, body=None):
        return azurite.request(method, f"/{self.folder}/{name}", query, headers, body=body)

    def read(self, name):
        return self._request("GET", name)

    def write(self, name, data):
        """The same kind of blob with other bytes."""
        self.remove(name)
        if name.endswith(".csv"):
            self._request("PUT", name, headers={"x-ms-blob-type": "AppendBlob"})
            self._request("PUT", name, {"comp": "appendblock"}, body=data)
        else:
            self._request("PUT", name, headers={"x-ms-blob-type": "BlockBlob"}, body=data)

    def remove(self, name):
        try:
            self._request("PUT", name, {"comp": "lease"},
                          {"x-ms-lease-action": "break", "x-ms-lease-break-period": "0"})
        except urllib.error.HTTPError as error:
            if error.code != 409:  # not leased
                raise
        self._request("DELETE", name)
