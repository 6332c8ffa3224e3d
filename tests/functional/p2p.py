# SPDX-License-Identifier: MIT
"""Nodes as Python sees them: connections, frames, messages, and a chain server
that is honest until it is told not to be.

Written from doc/protocol.md and not from the C code. Nothing here keeps to the
rules by itself: a Peer sends what it is given, so that a test can break every
one of them.
"""
import ctypes
import datetime
import hashlib
import http.client
import socket
import ssl
import struct
import tempfile
import threading
import time
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from wire import (DOMAIN_HEADER, Account, Raw, digest, pack, unpack)

VERSION = 1
ZEROS = bytes(32)
FRAME_MAX = 4 << 20
HEADERS_MAX, LOCATOR_MAX, BLOCKS_MAX = 512, 32, 64
PIECE = 1 << 20
LIMIT = 20  # seconds, of whatever is waited for


class Closed(Exception):
    """The other side ended the connection."""


class Bye(Closed):
    """... and said why."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


# --- TLS ---------------------------------------------------------------------

def certificate(account):
    """Self-signed, PEM. The key alone matters."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    cert = (x509.CertificateBuilder()
            .subject_name(name).issuer_name(name)
            .public_key(account.key.public_key()).serial_number(1)
            .not_valid_before(datetime.datetime(2000, 1, 1))
            .not_valid_after(datetime.datetime(2999, 1, 1))
            .sign(account.key,
                  None if account.kind == "ed25519" else hashes.SHA256()))
    return cert.public_bytes(serialization.Encoding.PEM)


def _take_any_certificate(context):
    """A server of Python's ssl module asks for a certificate only when it
    also checks who signed it. OpenSSL can be told to take any: the first field
    of an SSLContext is OpenSSL's own."""
    pointer = ctypes.c_void_p.from_address(
        id(context) + object.__basicsize__).value
    libssl = ctypes.CDLL("libssl.so.3")
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    taken = kind(lambda store, arg: 1)
    set_callback = libssl.SSL_CTX_set_cert_verify_callback
    set_callback.argtypes = [ctypes.c_void_p, kind, ctypes.c_void_p]
    set_callback.restype = None
    set_callback(pointer, taken, None)
    return taken


class Tls:
    """What connections of one account share."""

    def __init__(self, account, low=ssl.TLSVersion.TLSv1_3,
                 high=ssl.TLSVersion.TLSv1_3, show=True):
        self.client = self._context(ssl.PROTOCOL_TLS_CLIENT, low, high)
        self.client.check_hostname = False
        self.client.verify_mode = ssl.CERT_NONE
        self.server = self._context(ssl.PROTOCOL_TLS_SERVER, low, high)
        self.server.verify_mode = ssl.CERT_REQUIRED
        self._taken = _take_any_certificate(self.server)
        with tempfile.NamedTemporaryFile() as f:
            f.write(certificate(account) + account.pem())
            f.flush()
            self.server.load_cert_chain(f.name)
            if show:
                self.client.load_cert_chain(f.name)

    @staticmethod
    def _context(kind, low, high):
        context = ssl.SSLContext(kind)
        context.minimum_version = low
        context.maximum_version = high
        return context


def id_of(der):
    """The id that a certificate proves."""
    spki = x509.load_der_x509_certificate(der).public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()[:20]


# --- a connection ------------------------------------------------------------

def frame(kind, body):
    """body: bytes as they are, or a value to pack."""
    if not isinstance(body, bytes):
        body = pack(body)
    kind = kind.encode() if isinstance(kind, str) else kind
    return struct.pack("<I", len(kind) + len(body)) + kind + body


class Peer:
    """One connection. account None: without TLS."""

    def __init__(self, sock, account=None, inbound=False, tls=None,
                 limit=LIMIT):
        sock.settimeout(limit)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.account = account
        self.inbound = inbound
        self.id = None  # of the other side, proved
        self.hello = None  # of the other side
        self.sent = self.received = 0  # bytes of frames
        self.counts = {}  # messages that came, by type
        self.writing = threading.Lock()
        self.sock = sock
        if account is None:
            return
        tls = tls or Tls(account)
        context = tls.server if inbound else tls.client
        try:
            self.sock = context.wrap_socket(sock, server_side=inbound)
            der = self.sock.getpeercert(True)
        except (OSError, ValueError) as e:
            sock.close()
            raise Closed(f"TLS: {e}") from None
        self.id = id_of(der) if der else None

    @classmethod
    def dial(cls, host, port, account=None, limit=LIMIT, **kw):
        """A connection to a node; nothing is said yet."""
        return cls(socket.create_connection((host, port), limit), account,
                   limit=limit, **kw)

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # frames

    def send_bytes(self, data):
        try:
            with self.writing:
                self.sock.sendall(data)
        except (OSError, ValueError) as e:
            raise Closed(str(e)) from None
        self.sent += len(data)

    def send(self, kind, body):
        self.send_bytes(frame(kind, body))

    def _read(self, size):
        parts = []
        while size:
            try:
                part = self.sock.recv(min(size, 1 << 16))
            except (TimeoutError, ssl.SSLWantReadError):
                raise TimeoutError("nothing came within the limit") from None
            except (OSError, ValueError) as e:
                raise Closed(str(e)) from None
            if not part:
                raise Closed("end of the connection")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def read(self):
        """The next message: (type, value). Bye when it is one."""
        size, = struct.unpack("<I", self._read(4))
        assert 3 < size <= FRAME_MAX, f"a frame of {size} bytes"
        data = self._read(size)
        self.received += 4 + size
        kind, value = data[:3].decode("ascii"), unpack(data[3:])
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "BYE":
            raise Bye(*(text.decode("ascii") for text in value))
        return kind, value

    def read_until(self, *kinds, limit=LIMIT):
        """Pass over what else comes; answer pings on the way."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            kind, value = self.read()
            if kind in kinds:
                return kind, value
            if kind == "RBH":
                self.send("BLH", self.pong(value))
        raise TimeoutError(f"no {kinds} within the limit")

    def ended(self, limit=LIMIT):
        """Read on until the other side ends it; its Bye, or None."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            try:
                self.read()
            except Bye as bye:
                return bye
            except Closed:
                return None
        raise TimeoutError("it goes on")

    # hello

    def pong(self, ping):
        """An answer with the tip that our hello told."""
        mine = self.mine
        return [mine[6], mine[7], mine[8], now(), ping[4]]

    def greet(self, chain_id, **fields):
        """Both hellos; the other's as a dict. Fields as in hello()."""
        self.mine = hello(chain_id, self.account, **fields)
        if not self.inbound:
            self.send("HEY", self.mine)
        kind, value = self.read()
        wanted = "HEY" if self.inbound else "ACK"
        assert kind == wanted, f"{kind} in the place of {wanted}"
        self.hello = dict(zip(HELLO, value))
        if self.inbound:
            self.send("ACK", self.mine)
        return self.hello

    # questions; each waits for its answer

    def ask(self, kind, body, answer):
        self.send(kind, body)
        return self.read_until(answer)[1]

    def headers(self, locator, most=HEADERS_MAX):
        return self.ask("RHD", [locator, most], "AHD")

    def blocks(self, names):
        """(blocks, missing)"""
        return self.ask("RBL", names, "ABL")

    def genesis(self):
        """(rules, nonce), piece by piece."""
        rules = b""
        while True:
            total, offset, nonce, piece = self.ask("RGK", [len(rules)],
                                                   "GLK")
            assert offset == len(rules)
            rules += piece
            if len(rules) == total:
                return rules, nonce

    def ping(self, number=1):
        self.send("RBH", [*self.mine[6:9], now(), number])
        while True:
            value = self.read_until("BLH")[1]
            if value[4] == number:
                return value


HELLO = ("version", "genesis", "upgrades", "id", "instance", "listen",
         "height", "tip", "settled", "clock", "agent")
_instances = iter(range(1, 1 << 62))


def now():
    """ms since 1970"""
    return time.time_ns() // 1000000


def hello(chain_id, account=None, **fields):
    """The value of a HEY or ACK; fields as HELLO names them."""
    values = {
        "version": VERSION, "genesis": chain_id, "upgrades": ZEROS,
        "id": account.raw_address if account else hashlib.sha256(
            b"nobody").digest()[:20],
        "instance": next(_instances) << 32 | id(fields) & 0xffffffff,
        "listen": b"", "height": 0, "tip": chain_id, "settled": 0,
        "clock": now(), "agent": b"test"}
    unknown = set(fields) - set(values)
    assert not unknown, unknown
    values.update(fields)
    return [values[name] for name in HELLO]


# --- a chain -----------------------------------------------------------------

class Block:
    """A block's bytes and what is read of them often."""

    def __init__(self, raw, chain_id):
        self.raw = raw
        header, seal, self.txs = unpack(raw)
        self.header, self.seal = Raw(pack(header)), Raw(pack(seal))
        self.height, self.parent, self.time = header[1:4]
        self.producer = header[4]
        self.hash = digest(DOMAIN_HEADER,
                           chain_id if self.height else ZEROS, self.header)


class Chain:
    """A chain as one node has it: genesis and blocks by height."""

    def __init__(self, chain_id, rules, nonce):
        self.id = chain_id
        self.rules = rules
        self.nonce = nonce
        self.list = []
        self.by_hash = {}
        self.settled = 0

    @classmethod
    def from_node(cls, url):
        """All blocks of a node, over HTTP."""
        parts = urlsplit(url)
        c = http.client.HTTPConnection(parts.hostname, parts.port,
                                       timeout=LIMIT)

        def get(path):
            c.request("GET", path, headers={
                "Accept": "application/msgpack"})
            r = c.getresponse()
            body = r.read()
            return body if r.status == 200 else None

        block = get("/v1/blocks/0")
        chain = cls(Block(block, ZEROS).hash, get("/v1/genesis"),
                    unpack(block)[1][2])
        while block is not None:
            chain.append(block)
            block = get(f"/v1/blocks/{len(chain.list)}")
        c.close()
        return chain

    def append(self, raw):
        block = Block(raw, self.id)
        assert block.height == len(self.list)
        assert not self.list or block.parent == self.list[-1].hash
        self.list.append(block)
        self.by_hash[block.hash] = block
        return block

    def truncated(self, count):
        """The chain with so many blocks above genesis."""
        other = Chain(self.id, self.rules, self.nonce)
        for block in self.list[:count + 1]:
            other.append(block.raw)
        return other

    @property
    def tip(self):
        return self.list[-1]

    def locator(self):
        heights, step = [], 1
        h = self.tip.height
        while h > 0 and len(heights) < LOCATOR_MAX - 1:
            heights.append(h)
            if len(heights) >= 10:
                step *= 2
            h -= step
        return [self.list[h].hash for h in heights + [0]]

    def hello_fields(self):
        return {"height": self.tip.height, "tip": self.tip.hash,
                "settled": self.settled}

    def tip_message(self, number):
        return [self.tip.height, self.tip.hash, self.settled, now(), number]


def sync(peer, chain):
    """Bring the chain to the peer's tip: headers first, then bodies."""
    while True:
        headers = peer.headers(chain.locator())
        if not headers:
            return chain
        names = [digest(DOMAIN_HEADER, chain.id, pack(h))
                 for h, _ in headers]
        parent = names and headers[0][0][2]
        assert parent == chain.tip.hash, "headers of another branch"
        while names:
            blocks, missing = peer.blocks(names[:16])
            assert blocks and not missing
            for block in blocks:
                assert chain.append(pack(block)).hash == names.pop(0)


# --- a server ----------------------------------------------------------------

class ChainServer:
    """A node that gives a chain to whoever asks, over connections that come in
    or that it dials. Honest, unless `hooks` says otherwise: a dict from a type
    of question to a function (peer, value) -> what to send in the place of the
    answer: a list of (type, body), bytes as they are, or STALL for nothing;
    None is the honest answer. `counts` has how many of each type came,
    `served` how many blocks went out."""

    def __init__(self, chain, account=None, hooks=None, **fields):
        self.chain = chain
        self.account = account
        self.hooks = hooks or {}
        self.fields = fields  # of the hello, instead of the honest ones
        self.tls = Tls(account) if account else None
        self.instance = next(_instances)
        self.counts = {}
        self.served = 0
        self.txs = {}  # full hash -> full bytes
        self.peers = []
        self.byes = []
        self.failures = []
        self.changed = threading.Condition()
        self.stopping = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        self._start(self._accept)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self.stopping = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for peer in list(self.peers):
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            peer.close()
        for thread in self.threads:
            thread.join(LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait(self, question, limit=LIMIT):
        """Until question() holds; asked whenever a message came."""
        with self.changed:
            if not self.changed.wait_for(question, limit):
                raise TimeoutError(f"not within the limit; {self.counts}, "
                                   f"{self.byes}, {self.failures}")

    def dial(self, host, port):
        self._start(self._serve, lambda: Peer.dial(
            host, port, self.account, tls=self.tls))

    def announce(self):
        """The tip, to all."""
        for peer in list(self.peers):
            self.send(peer, [("BLK", [self.chain.tip.height,
                                      self.chain.tip.hash])])

    def announce_txs(self, fulls):
        self.txs.update((hashlib.sha256(full).digest(), full)
                        for full in fulls)
        for peer in list(self.peers):
            self.send(peer, [("TXA", [hashlib.sha256(full).digest()
                                      for full in fulls])])

    # connections

    def _accept(self):
        while not self.stopping:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self._start(self._serve, lambda sock=sock: Peer(
                sock, self.account, inbound=True, tls=self.tls))

    def _note(self, kind, note=None):
        with self.changed:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if note is not None:
                note[0].append(note[1])
            self.changed.notify_all()

    def _serve(self, connect):
        peer = None
        try:
            peer = connect()
            peer.sock.settimeout(None)
            self.peers.append(peer)
            self._talk(peer)
        except Bye as bye:
            self._note("BYE", (self.byes, bye))
        except (Closed, TimeoutError, OSError):
            pass
        except Exception as e:  # pylint: disable=broad-except
            self._note("failure", (self.failures, e))
        finally:
            if peer:
                if peer in self.peers:
                    self.peers.remove(peer)
                peer.close()
                self._note("end")

    def _talk(self, peer):
        if peer.inbound:
            self._before_hello(peer)
        else:
            self._greet(peer)
        while True:
            kind, value = peer.read()
            self._note(kind)
            self._answer(peer, kind, value)

    def _mine(self, peer):
        peer.mine = hello(self.chain.id, self.account, **{
            "instance": self.instance, "listen": self.address.encode(),
            **self.chain.hello_fields(), **self.fields})
        return peer.mine

    def _greet(self, peer):
        peer.send("HEY", self._mine(peer))
        kind, value = peer.read()
        assert kind == "ACK", kind
        peer.hello = dict(zip(HELLO, value))
        self._note(kind)

    def _before_hello(self, peer):
        while not peer.hello:
            kind, value = peer.read()
            self._note(kind)
            if kind == "RGK":
                self._answer(peer, kind, value)
                continue
            assert kind == "HEY", kind
            peer.hello = dict(zip(HELLO, value))
            if not self._hooked(peer, kind, value):
                peer.send("ACK", self._mine(peer))

    # answers

    def send(self, peer, messages):
        try:
            for message in messages:
                if isinstance(message, bytes):
                    peer.send_bytes(message)
                else:
                    peer.send(*message)
        except Closed:
            pass

    def _hooked(self, peer, kind, value):
        hook = self.hooks.get(kind)
        messages = hook(peer, value) if hook else None
        if messages is None:
            return False
        self.send(peer, messages)
        return True

    def _answer(self, peer, kind, value):
        if self._hooked(peer, kind, value):
            return
        answer = getattr(self, "honest_" + kind, None)
        if answer:
            self.send(peer, answer(value))

    def honest_RBH(self, value):
        return [("BLH", self.chain.tip_message(value[4]))]

    def honest_RHD(self, value):
        """As the page says; also what a lying hook starts from."""
        locator, most = value
        known = [self.chain.by_hash[name].height for name in locator
                 if name in self.chain.by_hash]
        start = known[0] if known else 0
        return [("AHD", [[b.header, b.seal] for b in
                         self.chain.list[start + 1:start + 1 + most]])]

    def honest_RBL(self, value):
        have, missing, size = [], [], 0
        for name in value:
            block = self.chain.by_hash.get(name)
            if block is None or block.height == 0:
                missing.append(name)
            elif size + len(block.raw) < FRAME_MAX - (64 << 10):
                size += len(block.raw)
                have.append(Raw(block.raw))
        self.served += len(have)
        return [("ABL", [have, missing])]

    def honest_RGK(self, value):
        rules, offset = self.chain.rules, value[0]
        return [("GLK", [len(rules), offset, self.chain.nonce,
                         rules[offset:offset + PIECE]])]

    def honest_RAD(self, _value):
        return [("ADR", [self.address.encode()])]

    def honest_TXQ(self, value):
        return [("TXN", [Raw(self.txs[name]) for name in value
                         if name in self.txs])]


STALL = []  # an answer of nothing


def garbage(size=1000):
    """A frame that is none."""
    return bytes(size)


__all__ = ["Account", "Block", "Bye", "Chain", "ChainServer", "Closed",
           "Peer", "STALL", "Tls", "certificate", "frame", "garbage",
           "hello", "id_of", "now", "sync"]
