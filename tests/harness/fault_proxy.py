"""A proxy between kusto-copy (or a cluster) and a cluster or blob storage, which knows what kind of
request passes and spoils those that it is told to: on the way there, on the way back, or in what
the answer says. It keeps a log of everything, so that a test can say what was sent after the fault,
and what the server really did. Standard library only."""
import collections
import dataclasses
import gzip
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
import zlib

# How long the port refuses connections after a "refused" fault.
REFUSE_S = 0.4
SLOW_S = 1.0
# The second delivery of a request that is delivered twice comes this much later.
LATE_S = 0.15
_LINE = re.compile(rb"^(?P<name>[^:\r\n]+):[ \t]*(?P<value>[^\r\n]*)", re.M)


# ---- what a request is

# The first that matches names the kind of a management command.
_COMMANDS = [
    ("poll", r"\.show operations"),
    ("details", r"\.show operation "),
    ("export", r"\.export "),
    ("ingest", r"\.ingest "),
    ("rehome", r"\.move .*\bto table \S*KcStaging_"),
    ("move", r"\.move "),
    ("drop-tags", r"\.drop extent tags|\.drop .*extent.* tags"),
    ("drop-table", r"\.drop table"),
    ("script", r"\.execute "),
    ("create-database", r"\.create database"),
    ("function", r"\.create(-or-alter)? function|\.alter function"),
    ("create-table", r"\.create(-merge)? table"),
    ("policy", r"\.alter .*policy"),
    ("probe", r"\.show (version|databases|capacity)"),
    ("extents", r"\.show .*\bextents\b"),
    ("show", r"\.show "),
]
_QUERIES = [
    ("verify", r"extent_tags\(\)"),
    ("self-test", r"print .*kc_"),
    ("cursor", r"cursor_current\(\)"),
    ("fingerprint", r"kc_h"),
    ("plan", r"ingestion_time\(\).*extent_id\(\)|extent_id\(\).*ingestion_time\(\)"),
    ("query", r""),
]


def _first(patterns, text, otherwise):
    for name, pattern in patterns:
        if re.search(pattern, text, re.S):
            return name
    return otherwise


def kind_of_cluster_request(path, body):
    try:
        asked = json.loads(body)
        text, db = asked.get("csl", ""), asked.get("db", "")
    except (ValueError, AttributeError):
        text = db = ""
    if path.endswith("/query"):
        return _first(_QUERIES, text, "query"), text, db
    return _first(_COMMANDS, text.lstrip(), "other"), text, db


def kind_of_blob_request(method, path, headers, body=b""):
    """Kinds: append, lease.<action>, create-append, manifest, put, block, read, stat, list, delete,
    account; those of exported data begin with "data."."""
    parts = urllib.parse.urlsplit(path)
    query = dict(urllib.parse.parse_qsl(parts.query))
    name = urllib.parse.unquote(parts.path)
    comp = query.get("comp", "")
    if comp == "lease":
        kind = "lease." + headers.get("x-ms-lease-action", "")
    elif comp in ("appendblock", "list", "block", "blocklist", "properties"):
        kind = {"appendblock": "append", "blocklist": "block"}.get(comp, comp)
    elif method == "PUT":
        kind = "create-append" if headers.get("x-ms-blob-type") == "AppendBlob" else "put"
        if name.endswith("/manifest.json"):
            kind = "manifest"
        elif name.endswith("/beat.json"):
            kind = "beat"
    else:
        kind = {"GET": "read", "HEAD": "stat", "DELETE": "delete"}.get(method, method.lower())
    if "/data/g" in name:
        kind = "data." + kind
    # Two requests with the same text are the same request.
    told = f"{method} {name} {comp} {headers.get('x-ms-lease-action', '')}".rstrip()
    return kind, f"{told} #{zlib.crc32(body):08x}" if body else told


# ---- faults

@dataclasses.dataclass
class Fault:
    """What is done to the requests of the kinds `kinds` (None: all): the first `skip` pass, then
    `times` of them meet the fault."""
    name: str
    kinds: tuple = None
    skip: int = 0
    times: int = 1
    # Value of Retry-After, for the statuses: a text, or what gives it at that moment.
    retry_after: object = None
    # Also the text of the request must match.
    text: str = ""
    # What the answer says, for the statuses.
    says: str = ""
    met: int = 0


@dataclasses.dataclass
class Seen:
    at: float
    kind: str
    text: str
    fault: str = ""
    # Answers of the server behind, one for each delivery; None where none came.
    statuses: list = dataclasses.field(default_factory=list)
    # What the client got; 0: nothing whole.
    answered: int = 0
    ended: float = 0.0
    where: str = ""  # the proxy's name
    db: str = ""
    answer: bytes = b""  # what the server said, for the kinds in FaultProxy.keep

    def wall(self, monotonic):
        """A moment of this log as seconds since 1970, to compare with what servers tell."""
        return time.time() - (time.monotonic() - monotonic)

    def acted(self):
        """How often the server did what it was asked."""
        return sum(1 for s in self.statuses if s is not None and 200 <= s < 300)


# Status faults: the server never sees the request.
STATUSES = {"401": 401, "403": 403, "404": 404, "409": 409, "412": 412, "429": 429, "500": 500,
            "503": 503, "400": 400}
CONNECTION_FAULTS = ("refused", "reset-before", "reset-during", "reset-after", "slow", "truncated",
                     "cut-chunked", "empty")
# The server acts, then what it says is spoiled.
ANSWER_FAULTS = ("errors-inside",)
TWICE_FAULTS = ("twice", "twice-second")

_CLUSTER_ERRORS = {
    400: ("General_BadRequest", "Request is invalid and cannot be processed", True),
    401: ("Unauthorized", "no valid token", True),
    403: ("Forbidden", "Principal is not authorized to perform this operation", True),
    404: ("BadRequest_EntityNotFound", "Entity was not found", True),
    409: ("Conflict", "a conflicting operation is under way", True),
    412: ("PreconditionFailed", "a precondition failed", True),
    429: ("TooManyRequests", "the request was denied due to throttling", False),
    500: ("InternalServiceError", "an internal error", False),
    503: ("ServiceNotAvailable", "the service isn't available at the moment", False),
}
_BLOB_ERRORS = {400: "InvalidHeaderValue", 401: "NoAuthenticationInformation",
                403: "AuthorizationFailure", 404: "BlobNotFound", 409: "ResourceTypeMismatch",
                412: "ConditionNotMet", 429: "TooManyRequests", 500: "InternalError",
                503: "ServerBusy"}


def _status_answer(status, blob, retry_after, says):
    if blob:
        code = _BLOB_ERRORS[status]
        body = (f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
                f"<Message>injected</Message></Error>").encode()
        head = [f"HTTP/1.1 {status} Injected", "Content-Type: application/xml",
                f"x-ms-error-code: {code}"]
    else:
        code, text, permanent = _CLUSTER_ERRORS[status]
        text = says or text
        body = json.dumps({"error": {"code": code, "message": text, "@type": "Injected",
                                     "@message": f"{text} (injected)",
                                     "@permanent": permanent}}).encode()
        head = [f"HTTP/1.1 {status} Injected", "Content-Type: application/json"]
    if callable(retry_after):
        retry_after = retry_after()
    if retry_after is not None:
        head.append(f"Retry-After: {retry_after}")
    head += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def _errors_inside(path):
    """200, with errors where the protocol has them besides the status."""
    error = {"error": {"code": "LimitsExceeded", "message": "Request aborted",
                       "@type": "Injected", "@message": "aborted on the way (injected)",
                       "@permanent": False}}
    if path.endswith("/query"):
        frames = [{"FrameType": "DataSetHeader", "IsProgressive": False, "Version": "v2.0"},
                  {"FrameType": "DataTable", "TableId": 0, "TableKind": "PrimaryResult",
                   "TableName": "PrimaryResult", "Columns": [],
                   "Rows": [{"OneApiErrors": [error]}]},
                  {"FrameType": "DataSetCompletion", "HasErrors": True, "Cancelled": False,
                   "OneApiErrors": [error]}]
        body = json.dumps(frames).encode()
    else:
        body = json.dumps({"Tables": [{"TableName": "Table_0", "Columns": [], "Rows": []}],
                           "Exceptions": ["aborted on the way (injected)"]}).encode()
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}",
            "", ""]
    return "\r\n".join(head).encode() + body


# ---- bytes

class Dropped(Exception):
    pass


class _Stream:
    """A socket that messages are read from."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def fill(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise Dropped("closed")
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.fill()
        at = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:at], self.buffer[at:]
        return taken

    def exactly(self, count):
        while len(self.buffer) < count:
            self.fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def body(self, headers, until_close):
        """(the bytes as they stand on the wire, the content)."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            raw, content = b"", b""
            while True:
                line = self.until(b"\r\n")
                size = int(line.split(b";")[0], 16)
                data = self.exactly(size + 2)
                raw += line + data
                content += data[:-2]
                if size == 0:
                    return raw, content
        if "content-length" in headers:
            content = self.exactly(int(headers["content-length"]))
            return content, content
        if not until_close:
            return b"", b""
        try:
            while True:
                self.fill()
        except Dropped:
            content, self.buffer = self.buffer, b""
            return content, content


def _headers(head):
    return {m["name"].decode().strip().lower(): m["value"].decode("latin-1").strip()
            for m in _LINE.finditer(head.split(b"\r\n", 1)[1])}


def _reset(sock):
    """RST instead of FIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    sock.close()


class FaultProxy:
    """Listens on a port of its own for one server. Counts and faults may be set at any time."""

    def __init__(self, host, port, blob=False, name=""):
        self.target = (host, port)
        self.blob = blob
        self.name = name
        self.lock = threading.Lock()
        self.log = []
        self.faults = []
        # Called with (proxy, phase, seen) where phase is "before" or "after" the server acted; on
        # the thread of that connection.
        self.hook = None
        self.keep = ()
        # Called with (path, headers, body); what it returns is the answer, and nothing is passed
        # on.
        self.answers = None
        self.down_until = 0.0
        self.closing = False
        self.connections = set()
        self.mine = threading.local()  # .opened: connections that this thread made
        self.listener = self._listen(0)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @classmethod
    def of_url(cls, url, **more):
        parts = urllib.parse.urlsplit(url)
        proxy = cls(parts.hostname, parts.port, **more)
        proxy.url += parts.path
        return proxy

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closing = True
        # Wakes the thread that accepts.
        self._shut(self.listener)
        with self.lock:
            connections = list(self.connections)
        for sock in connections:
            self._shut(sock)
        self.thread.join(5)

    # ---- for tests
    def inject(self, fault):
        with self.lock:
            self.faults.append(fault)
        return fault

    def clear(self):
        with self.lock:
            self.faults = []
            self.log = []

    def heal(self):
        """No more faults; the log stays."""
        with self.lock:
            self.faults = []

    def seen(self, *kinds):
        """The log, of these kinds only if there are any."""
        with self.lock:
            return [s for s in self.log if not kinds or s.kind in kinds]

    def counts(self):
        return collections.Counter(s.kind for s in self.seen())

    def acted(self, kind):
        return sum(s.acted() for s in self.seen(kind))

    # ---- sockets
    @staticmethod
    def _shut(sock):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()

    @staticmethod
    def _listen(port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(256)
        return sock

    def _accept(self):
        while not self.closing:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                if self.closing:
                    return
                # Down: nobody listens, so that the system refuses.
                while time.monotonic() < self.down_until and not self.closing:
                    time.sleep(0.01)
                self.listener = self._listen(self.port)
                if self.closing:
                    self.listener.close()
                continue
            with self.lock:
                self.connections.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def wait_up(self):
        """Returns once the port listens again after a "refused" fault."""
        while time.monotonic() < self.down_until + 0.05:
            time.sleep(0.01)

    def refuse(self, seconds):
        """Nobody listens for that long; connections that there are go on."""
        self.down_until = time.monotonic() + seconds
        self._shut(self.listener)

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client, upstream = _Stream(sock), None
        self.mine.opened = []
        try:
            while not self.closing:
                head = client.until(b"\r\n\r\n")
                headers = _headers(head)
                raw, content = client.body(headers, False)
                upstream = self._one(client, upstream, head, headers, raw, content)
        except (Dropped, OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.connections.discard(sock)
            sock.close()
            self._close_opened()

    def _close_opened(self):
        for sock in self.mine.opened:
            sock.close()

    def _connect(self):
        sock = socket.create_connection(self.target)
        self.mine.opened = [s for s in self.mine.opened if s.fileno() >= 0] + [sock]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Stream(sock)

    def _match(self, kind, text):
        with self.lock:
            for fault in self.faults:
                if fault.kinds is not None and kind not in fault.kinds:
                    continue
                if fault.text and not re.search(fault.text, text):
                    continue
                fault.met += 1
                if fault.skip < fault.met <= fault.skip + fault.times:
                    return fault
        return None

    def _forward(self, upstream, request, method, seen):
        """(stream for the next one, head, headers, raw body) of the server's answer."""
        seen.statuses.append(None)
        index = len(seen.statuses) - 1
        for attempt in (0, 1):
            fresh = upstream is None
            if fresh:
                upstream = self._connect()
            try:
                upstream.sock.sendall(request)
                head = upstream.until(b"\r\n\r\n")
                while head.split(b" ", 2)[1] == b"100":
                    head = upstream.until(b"\r\n\r\n")
                break
            except (Dropped, OSError):
                upstream.sock.close()
                upstream = None
                # Only an idle connection that the server had closed is tried again.
                if fresh or attempt:
                    raise
        headers = _headers(head)
        status = int(head.split(b" ", 2)[1])
        bodyless = method == "HEAD" or status in (204, 304)
        raw, content = (b"", b"") if bodyless else upstream.body(headers, True)
        seen.statuses[index] = status
        if headers.get("connection", "").lower() == "close" or (
                not bodyless and "content-length" not in headers
                and "transfer-encoding" not in headers):
            upstream.sock.close()
            upstream = None
        return upstream, head, headers, raw, content

    def _one(self, client, upstream, head, headers, raw, content):
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        own = self.answers and self.answers(path, headers, content)
        if own:
            client.sock.sendall(own)
            return upstream
        if self.blob:
            kind, text = kind_of_blob_request(method, path, headers, content)
            db = ""
        else:
            kind, text, db = kind_of_cluster_request(path, content)
        seen = Seen(time.monotonic(), kind, text, where=self.name, db=db)
        with self.lock:
            self.log.append(seen)
        fault = self._match(kind, text)
        try:
            if self.hook:
                self.hook(self, "before", seen)
            if fault is None:
                return self._pass(client, upstream, head + raw, method, seen)
            seen.fault = fault.name
            return self._spoil(fault, client, upstream, head, raw, path, method, seen)
        finally:
            seen.ended = time.monotonic()

    def _pass(self, client, upstream, request, method, seen):
        upstream, ahead, aheaders, araw, acontent = self._forward(upstream, request, method, seen)
        if seen.kind in self.keep:
            zipped = aheaders.get("content-encoding") == "gzip"
            seen.answer = gzip.decompress(acontent) if zipped else acontent
        if self.hook:
            self.hook(self, "after", seen)
        client.sock.sendall(ahead + araw)
        seen.answered = seen.statuses[-1]
        if upstream is None:
            raise Dropped("the server closed")
        return upstream

    def _spoil(self, fault, client, upstream, head, raw, path, method, seen):
        name = fault.name
        if name == "slow":
            time.sleep(SLOW_S / 2)
            upstream, ahead, _, araw, _ = self._forward(upstream, head + raw, method, seen)
            time.sleep(SLOW_S / 2)
            client.sock.sendall(ahead + araw)
            seen.answered = seen.statuses[-1]
            return upstream
        if name in STATUSES:
            status = STATUSES[name]
            answer = _status_answer(status, self.blob, fault.retry_after, fault.says)
            if method == "HEAD":
                answer = answer.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n"
            client.sock.sendall(answer)
            seen.answered = status
            return upstream
        if name in ("twice", "twice-second"):
            return self._twice(name, client, upstream, head + raw, method, seen)
        if name == "silent":
            # As long as the fault is there, and for good: this request is never answered.
            while fault in self.faults and not self.closing:
                time.sleep(0.02)
            raise Dropped(name)
        if name == "refused":
            self.refuse(REFUSE_S)
            _reset(client.sock)
            raise Dropped(name)
        if name == "reset-before":
            _reset(client.sock)
            raise Dropped(name)
        if name == "reset-during":
            self._half_request(head + raw)
            _reset(client.sock)
            raise Dropped(name)
        upstream, ahead, aheaders, araw, acontent = self._forward(upstream, head + raw, method,
                                                                  seen)
        if name == "errors-inside":
            client.sock.sendall(_errors_inside(path))
            seen.answered = 200
            return upstream
        if name == "truncated":
            # An answer without a body is cut within its head.
            client.sock.sendall(ahead + araw[:len(araw) // 2] if araw else ahead[:len(ahead) // 2])
        elif name == "empty":
            client.sock.shutdown(socket.SHUT_RDWR)
        elif name == "cut-chunked":
            lines = [line for line in ahead.split(b"\r\n")[:-2]
                     if not line.lower().startswith((b"content-length", b"transfer-encoding"))]
            half = acontent[:max(1, len(acontent) // 2)] or b" "
            client.sock.sendall(b"\r\n".join(lines) + b"\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                b"%x\r\n%s\r\n" % (len(half), half))
        elif name == "reset-after":
            _reset(client.sock)
        else:
            raise ValueError(f"no fault '{name}'")
        raise Dropped(name)

    def _half_request(self, request):
        """The server gets the first half, then the connection breaks."""
        upstream = self._connect()
        upstream.sock.sendall(request[:len(request) // 2])
        time.sleep(0.02)
        _reset(upstream.sock)

    def _twice(self, name, client, upstream, request, method, seen):
        """Delivered twice: the client sees the first answer, and the second comes late; or, as
        after a silent repetition below the client, the client sees the second one."""
        upstream, ahead, _, araw, _ = self._forward(upstream, request, method, seen)
        if name == "twice-second":
            upstream, ahead, _, araw, _ = self._forward(upstream, request, method, seen)
        else:
            def late():
                time.sleep(LATE_S)
                self.mine.opened = []
                try:
                    self._forward(None, request, method, seen)
                except (Dropped, OSError):
                    pass
                finally:
                    self._close_opened()
            threading.Thread(target=late, daemon=True).start()
        client.sock.sendall(ahead + araw)
        seen.answered = seen.statuses[0]
        return upstream
