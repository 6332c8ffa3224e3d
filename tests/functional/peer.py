# SPDX-License-Identifier: MIT
"""Another node as seen from the wire: TLS with a key of its own, frames, and
the first messages. Written from doc/protocol.md, like wire.py.
"""
import datetime
import os
import select
import socket
import ssl
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID

import lib
import wire

ZEROS = bytes(32)


def frame(letters, body):
    return (3 + len(body)).to_bytes(4, "little") + letters.encode() + body


def _certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    day = datetime.datetime(2020, 1, 1)
    signed = hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(day)
            .not_valid_after(datetime.datetime(2049, 1, 1))
            .sign(key, signed))


def context(server=False, key=None, version=ssl.TLSVersion.TLSv1_3,
            certificate=True):
    """A TLS context with a certificate of this key, or of a new one."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server
                       else ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    c.minimum_version = c.maximum_version = version
    if certificate:
        key = key or ed25519.Ed25519PrivateKey.generate()
        with tempfile.NamedTemporaryFile() as f:
            f.write(key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
            f.write(_certificate(key).public_bytes(
                serialization.Encoding.PEM))
            f.flush()
            c.load_cert_chain(f.name)
    return c


def spki_address(key):
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    return wire.hashlib.sha256(spki).digest()[:20]


class Closed(Exception):
    """The other side ended the connection."""


class Peer:
    """A connection to a node, dialled."""

    def __init__(self, where, tls=None, timeout=20):
        host, _, port = where.rpartition(":")
        self.socket = socket.create_connection(
            (host.strip("[]"), int(port)), timeout=timeout * lib.PATIENCE)
        self.buffer = b""
        if tls:
            try:
                self.socket = tls.wrap_socket(self.socket)
            except (ssl.SSLError, OSError):
                self.socket.close()
                raise

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ssl.SSLError, OSError) as e:
            raise Closed(str(e)) from None

    def say(self, letters, *fields):
        self.send(frame(letters, wire.pack(fields)))

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise lib.Failed("said nothing within the limit") from None
        except (ssl.SSLError, OSError) as e:
            raise Closed(str(e)) from None
        if not data:
            raise Closed("end")
        self.buffer += data

    def hear(self):
        """The next frame: letters, fields."""
        while True:
            size = 4 + int.from_bytes(self.buffer[:4], "little")
            if len(self.buffer) >= 7 and len(self.buffer) >= size:
                whole = self.buffer[:size]
                self.buffer = self.buffer[size:]
                return whole[4:7].decode(), wire.unpack(whole[7:])
            self._more()

    def hear_until(self, letters):
        while True:
            got, fields = self.hear()
            if got == letters:
                return fields

    def await_end(self):
        """Until it closes; what it says is not looked at."""
        try:
            while True:
                self._more()
                self.buffer = b""
        except Closed:
            return


def hello(node, key, **changes):
    """The fields of a HEY to this node, some changed."""
    genesis = node.chain_id()
    fields = dict(version=1, genesis=genesis, upgrades=ZEROS,
                  id=spki_address(key), instance=7, listen=b"", height=0,
                  tip=genesis, settled=0, clock=0, agent=b"test/1")
    fields.update(changes)
    return fields.values()


class Server:
    """A node that listens, and answers each connection with a function of
    the test's, called with a Peer on a thread of its own."""

    def __init__(self, answer, tls=True):
        self.answer = answer
        self.tls = context(server=True) if tls else None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.where = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.stopping, self.waker = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self.listener, self.stopping], [],
                                        [])
            if self.stopping in ready:
                return
            self._serve(self.listener.accept()[0])

    def _serve(self, sock):
        p = Peer.__new__(Peer)
        p.buffer = b""
        sock.settimeout(20 * lib.PATIENCE)
        try:
            p.socket = self.tls.wrap_socket(sock, server_side=True) \
                if self.tls else sock
            self.answer(p)
        except (Closed, lib.Failed, ssl.SSLError, OSError):
            pass
        finally:
            sock.close()

    def close(self):
        os.write(self.waker, b"x")
        self.thread.join()
        self.listener.close()
        os.close(self.stopping)
        os.close(self.waker)
