# SPDX-License-Identifier: MIT
"""The protocol once more, in Python: canonical msgpack, keys, transactions.

Written from doc/protocol.md and not from the C code, so that a test which
passes with it shows that the page says what the node does.
"""
import base64
import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import (ed25519, padding, rsa,
                                                       utils)

DOMAIN_TX = b"ccoin/tx/1"
DOMAIN_HEADER = b"ccoin/header/1"
DOMAIN_ACCEPT = b"ccoin/accept/1"
DOMAIN_VOTE = b"ccoin/vote/1"
VOTE_KINDS = ("proposal", "prepare", "commit", "round_change")
AMOUNT_MAX = 2**53 - 1


# Canonical msgpack: unsigned integers, bin and arrays, each in its shortest
# form. Raw(bytes) stands for something encoded already.

class Raw(bytes):
    pass


def pack(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, bool) or value is None:
        raise TypeError(f"not in the format: {value!r}")
    if isinstance(value, int):
        return pack_uint(value)
    if isinstance(value, (bytes, bytearray)):
        return pack_bin(bytes(value))
    if isinstance(value, (list, tuple)):
        return pack_array_head(len(value)) + b"".join(map(pack, value))
    raise TypeError(f"not in the format: {value!r}")


def pack_uint(v):
    if v < 0 or v >= 1 << 64:
        raise ValueError(f"not an unsigned 64-bit integer: {v}")
    if v < 0x80:
        return bytes([v])
    for head, size in ((0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)):
        if v < 1 << 8 * size:
            return bytes([head]) + v.to_bytes(size, "big")
    raise AssertionError


def pack_bin(b):
    for head, size in ((0xc4, 1), (0xc5, 2), (0xc6, 4)):
        if len(b) < 1 << 8 * size:
            return bytes([head]) + len(b).to_bytes(size, "big") + b
    raise ValueError("too long")


def pack_array_head(count):
    if count < 16:
        return bytes([0x90 | count])
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


def unpack(data):
    """The value, when data is exactly one canonical value."""
    value, at = _unpack(data, 0)
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes are left")
    if pack(value) != data:
        raise ValueError("not canonical")
    return value


def _take(data, at, size):
    if at + size > len(data):
        raise ValueError("cut short")
    return data[at:at + size], at + size


def _number(data, at, size):
    b, at = _take(data, at, size)
    return int.from_bytes(b, "big"), at


def _unpack(data, at):
    head, at = _number(data, at, 1)
    if head < 0x80:
        return head, at
    if 0xcc <= head <= 0xcf:
        return _number(data, at, 1 << (head - 0xcc))
    if 0xc4 <= head <= 0xc6:
        size, at = _number(data, at, 1 << (head - 0xc4))
        return _take(data, at, size)
    if 0x90 <= head < 0xa0:
        count = head & 15
    elif head in (0xdc, 0xdd):
        count, at = _number(data, at, 2 if head == 0xdc else 4)
    else:
        raise ValueError(f"byte {head:#x} is not in the format")
    items = []
    for _ in range(count):
        item, at = _unpack(data, at)
        items.append(item)
    return items, at


def digest(domain, genesis, body):
    """genesis: the chain id, 32 bytes."""
    return hashlib.sha256(domain + genesis + body).digest()


class Account:
    """A key pair. kind: "rsa" or "ed25519"."""

    def __init__(self, kind="rsa", key=None):
        if key is None:
            key = ed25519.Ed25519PrivateKey.generate() \
                if kind == "ed25519" else \
                rsa.generate_private_key(65537, 2048)
        self.key = key
        self.kind = "ed25519" if isinstance(
            key, ed25519.Ed25519PrivateKey) else "rsa"
        self.spki = key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)
        self.raw_address = hashlib.sha256(self.spki).digest()[:20]
        self.address = self.raw_address.hex()

    @classmethod
    def load(cls, path, password=None):
        """From DATADIR/keys/ADDRESS.pem."""
        with open(path, "rb") as f:
            return cls(key=serialization.load_pem_private_key(
                f.read(), password))

    def pem(self):
        """PKCS#8, not encrypted: what the node reads."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())

    def sign(self, message_digest):
        if self.kind == "ed25519":
            return self.key.sign(message_digest)
        return self.key.sign(
            message_digest,
            padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32),
            utils.Prehashed(hashes.SHA256()))


def verify(spki, message_digest, signature):
    key = serialization.load_der_public_key(spki)
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message_digest)
        else:
            key.verify(
                signature, message_digest,
                padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32),
                utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class Tx:
    """A transfer. Change fields after sign() to make a bad one."""

    def __init__(self, sender, nonce, to, amount, fee=0, valid_until=0,
                 data=b""):
        self.sender = sender  # an Account
        self.nonce = nonce
        self.to = bytes.fromhex(to) if isinstance(to, str) else to
        self.amount = amount
        self.fee = fee
        self.valid_until = valid_until
        self.data = data.encode() if isinstance(data, str) else data
        self.key = sender.spki if nonce == 0 else b""
        self.signature = b""

    def body(self):
        return pack([1, self.sender.raw_address, self.nonce, self.fee,
                     self.valid_until, self.data, [self.operation()]])

    def operation(self):
        return [0, self.to, self.amount]

    def raw(self):
        """The full bytes."""
        return pack([Raw(self.body()), self.key, self.signature])

    def id(self, genesis):
        return digest(DOMAIN_TX, genesis, self.body()).hex()

    def sign(self, genesis):
        self.signature = self.sender.sign(
            digest(DOMAIN_TX, genesis, self.body()))
        return self

    def object(self):
        """As JSON to push."""
        out = {
            "number": self.nonce,
            "from": self.sender.address,
            **self.says(),
            "fee": self.fee,
            "valid_until": self.valid_until,
            "signature": base64.b64encode(self.signature).decode(),
        }
        try:
            text = self.data.decode()
            if "\0" in text:
                raise ValueError
            out["data"] = text
        except ValueError:
            out["data_base64"] = base64.b64encode(self.data).decode()
        if self.key:
            out["public_key"] = base64.b64encode(self.key).decode()
        return out

    def says(self):
        """The operation's fields in JSON."""
        return {"to": self.to.hex(), "amount": self.amount}

    def json(self):
        return json.dumps(self.object())


class Vote(Tx):
    """On a change of the set: add an Account, or remove an address (hex).
    sign() has the one who is added accept; set `acceptance` for another."""

    def __init__(self, sender, nonce, add=None, remove=None, few=False,
                 approve=True, fee=0):
        super().__init__(sender, nonce, b"", 0, fee)
        self.add, self.remove = add, remove
        self.few, self.approve = few, approve
        self.acceptance = None

    def change(self):
        if self.add:
            return pack([0, self.add.spki, int(self.few)])
        return pack([1, bytes.fromhex(self.remove), int(self.few)])

    def to_accept(self, genesis):
        return digest(DOMAIN_ACCEPT, genesis, self.change())

    def operation(self):
        return [1, int(self.approve), Raw(self.change()),
                self.acceptance or b""]

    def sign(self, genesis):
        if self.acceptance is None and self.add and self.approve:
            self.acceptance = self.add.sign(self.to_accept(genesis))
        return super().sign(genesis)

    def says(self):
        vote = {"approve": self.approve, "allow_few": self.few}
        if self.add:
            vote["add"] = {
                "public_key": base64.b64encode(self.add.spki).decode(),
                "address": self.add.address}
        else:
            vote["remove"] = self.remove
        if self.acceptance:
            vote["acceptance"] = base64.b64encode(self.acceptance).decode()
        return {"vote": vote}


class Evidence(Tx):
    """Of an Account that signed two votes of a kind (1 prepare, 2 commit)
    for the blocks of these hashes; sign() makes the two."""

    def __init__(self, sender, nonce, offender, height, round_, blocks, kind=2,
                 fee=0):
        super().__init__(sender, nonce, b"", 0, fee)
        self.offender, self.kind = offender, kind
        self.height, self.round = height, round_
        self.blocks = sorted(blocks)
        self.signatures = []

    def to_sign(self, genesis, block):
        return digest(DOMAIN_VOTE, genesis, pack(
            [self.kind, self.height, self.round, 0, block]))

    def operation(self):
        return [2, [self.offender.spki, self.height, self.kind, self.round,
                    *([0, block, signature] for block, signature
                      in zip(self.blocks, self.signatures))]]

    def sign(self, genesis):
        self.signatures = self.signatures or [
            self.offender.sign(self.to_sign(genesis, b)) for b in self.blocks]
        return super().sign(genesis)

    def says(self):
        return {"evidence": {
            "public_key": base64.b64encode(self.offender.spki).decode(),
            "address": self.offender.address,
            "height": self.height,
            "round": self.round,
            "kind": VOTE_KINDS[self.kind],
            "votes": [{"digest": block.hex(),
                       "signature": base64.b64encode(signature).decode()}
                      for block, signature
                      in zip(self.blocks, self.signatures)]}}
