# SPDX-License-Identifier: MIT
"""Writes the seeds of the fuzzers' corpora: one well-formed input of each
shape, and some that are nearly so. Always the same bytes, so that running it
again shows what a change of a format did.

usage: /usr/bin/python3 tests/fuzz/make-corpus.py
"""
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "functional")]

from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: E402
import conversations  # noqa: E402
import conversations_bft  # noqa: E402
import wire  # noqa: E402
from wire import Raw, pack  # noqa: E402

GENESIS = bytes(range(32))


def seed(target, name, data):
    directory = os.path.join(HERE, "corpus", target)
    os.makedirs(directory, exist_ok=True)
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    with open(os.path.join(directory, name), "wb") as f:
        f.write(data)


class FormOnly(wire.Account):
    """An RSA key of the right form that nobody can sign with: no seed needs
    a signature that fits, and these bytes are the same every time."""

    def __init__(self):  # pylint: disable=super-init-not-called
        n = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(8))
        n = bytes([n[0] | 0x80]) + n[1:-1] + bytes([n[-1] | 1])
        self.spki = bytes.fromhex(
            "30820122300d06092a864886f70d01010105000382010f003082010a"
            "02820101" + "00") + n + bytes.fromhex("0203010001")
        self.raw_address = hashlib.sha256(self.spki).digest()[:20]
        self.address = self.raw_address.hex()

    def sign(self, message_digest):
        return hashlib.sha256(message_digest).digest() * 8


def accounts():
    return (wire.Account(key=ed25519.Ed25519PrivateKey.from_private_bytes(
        bytes(32))), FormOnly())


def transactions():
    """Name and Tx; signed."""
    small, large = accounts()
    yield "first-ed25519", wire.Tx(small, 0, large.address, 1)
    yield "first-rsa", wire.Tx(large, 0, small.address, 1, fee=2)
    yield "later", wire.Tx(small, 1, large.address, 300, fee=70000,
                           valid_until=2**32, data="hello")
    yield "largest", wire.Tx(large, wire.AMOUNT_MAX, small.address,
                             wire.AMOUNT_MAX, wire.AMOUNT_MAX,
                             wire.AMOUNT_MAX, b"\xff" * 300)


def operations():
    """Name and Tx with a vote or evidence; signed, also by keys that are of
    the right form alone."""
    small, large = accounts()
    one, two = bytes([1]) * 32, bytes([2]) * 32
    yield "vote-add", wire.Vote(large, 0, add=small)
    yield "vote-add-rsa", wire.Vote(small, 1, add=large)
    yield "vote-add-taken-back", wire.Vote(small, 2, add=large,
                                           approve=False)
    yield "vote-remove", wire.Vote(small, 3, remove=large.address)
    yield "vote-remove-few", wire.Vote(small, 4, remove=large.address,
                                       few=True)
    yield "evidence", wire.Evidence(small, 5, small, 7, 1, [one, two])
    yield "evidence-rsa", wire.Evidence(small, 6, large, 2**40, 2**32,
                                        [one, two], 1)


def write_operations():
    small, large = accounts()
    for name, tx in operations():
        tx.sign(GENESIS)
        seed("tx", name, tx.raw())
        seed("tx_json", name, tx.object())
    tx = wire.Vote(small, 1, add=large).sign(GENESIS)
    tx.few = True
    seed("tx", "vote-add-few", tx.raw())
    seed("tx_json", "vote-add-few", tx.object())
    tx = wire.Vote(small, 1, add=large)
    tx.acceptance = b""
    seed("tx", "vote-not-accepted", tx.sign(GENESIS).raw())
    tx = wire.Vote(small, 1, remove=large.address)
    tx.acceptance = bytes(64)
    seed("tx", "vote-remove-accepted", tx.sign(GENESIS).raw())
    tx = wire.Evidence(small, 1, small, 7, 1, [bytes(32)] * 2)
    seed("tx", "evidence-of-the-same", tx.sign(GENESIS).raw())
    tx = wire.Evidence(small, 1, small, 7, 1, [bytes(32), b"\1" * 32])
    tx.blocks.reverse()
    seed("tx", "evidence-the-other-way", tx.sign(GENESIS).raw())
    tx = wire.Evidence(small, 1, small, 7, 1, [bytes(32), b"\1" * 32], 3)
    seed("tx", "evidence-of-round-changes", tx.sign(GENESIS).raw())
    o = tx.object()
    o["evidence"]["votes"][1]["prepared_round"] = 0
    seed("tx_json", "evidence-of-round-changes", o)
    seed("tx_json", "vote-and-evidence", {**o, "vote": {"approve": True}})


def write_transactions():
    for name, tx in transactions():
        tx.sign(GENESIS)
        seed("tx", name, tx.raw())
        seed("tx_json", name, tx.object())
        o = tx.object()
        o["nonce"] = o.pop("number")
        seed("tx_json", name + "-nonce", o)
        tx.amount = wire.AMOUNT_MAX + 1
        seed("tx", name + "-too-much", tx.raw())
    small, large = accounts()
    tx = wire.Tx(small, 1, large.address, 1).sign(GENESIS)
    tx.key = small.spki
    seed("tx", "superfluous-key", tx.raw())
    seed("tx_json", "superfluous-key", tx.object())
    seed("tx_json", "duplicate", '{"amount": 1, "amount": 2}')
    seed("tx_json", "real", json.dumps(dict(tx.object(), amount=1.5)))
    seed("tx_json", "deep", "[" * 70 + "]" * 70)
    seed("tx_json", "escapes",
         json.dumps(dict(tx.object(), data="\u00e9\U0001f600\n\"")))
    body = [1, small.raw_address, 1, 0, 0, b"", [[0, b"\1" * 20, 1]]]
    for place, value in ((0, 2), (6, []), (6, [[1, b"", 1]]),
                         (6, [[0, b"\1" * 20, 1]] * 2)):
        other = list(body)
        other[place] = value
        seed("tx", f"other-{place}-{len(pack(value))}",
             pack([other, b"", b"\0" * 64]))


def header(height, engine=Raw(b"\x90"), producer=b"", extra=b""):
    h = [hashlib.sha256(bytes([i])).digest() for i in range(4)]
    return [1, height, h[0], 1700000000000 if height else 0, producer, h[1],
            b"", h[2], h[3], engine, extra]


def write_blocks():
    small, _ = accounts()
    txs = [Raw(tx.sign(GENESIS).raw()) for _, tx in transactions()]
    seed("block", "genesis", pack([header(0), [b"", b"", 4000], []]))
    seed("block", "empty", pack(
        [header(1, pack_raw([7]), small.raw_address, b"rnd"),
         [small.spki, b"\0" * 64, 0], []]))
    seed("block", "full", pack(
        [header(2**40, pack_raw([2**50]), small.raw_address),
         [b"", b"\0" * 256, 0], txs]))
    seed("block", "other-version", pack(
        [[2, *header(1)[1:]], [b"", b"", 0], []]))


def pack_raw(value):
    return Raw(pack(value))


def write_stored():
    one = [b"\1" * 20, 5, 0]
    two = [b"\2" * 20, wire.AMOUNT_MAX, 2**31]
    seed("account", "small", pack(one))
    seed("account", "large", pack(two))
    seed("delta", "empty", pack([0, 0, 0, []]))
    seed("delta", "both", pack([1000, 5, 1, [[[], one], [two, two]]]))
    rules = [1, b"seed", [b"\1" * 20, b"\2" * 20], 0, 1000, 1, 5, 0, 0, [],
             [1, 15], 0, b"\3" * 20, 9, 4, 0,
             [[b"\1" * 20, 7], [b"\2" * 20, 8]], 0, 6, 0, 4096, 2 << 20, 0,
             1000]
    seed("rules", "all", pack(rules))
    plain = list(rules)
    plain[9], plain[12], plain[16] = [2, b"text"], b"", []
    seed("rules", "plain", pack(plain))


def leaf(key, record):
    return hashlib.sha256(
        b"\0" + key + hashlib.sha256(record).digest()).digest()


def write_proofs():
    records = [pack([bytes([i]) * 20, i, 0]) for i in range(2)]
    keys = sorted((hashlib.sha256(bytes([i]) * 20).digest(), i)
                  for i in range(2))

    def proof(name, root, key, record, siblings, other):
        seed("state_proof", name, root + key + bytes([len(record)]) +
             record + pack([siblings, other]))

    (k0, i0), (k1, i1) = keys
    one = leaf(k0, records[i0])
    proof("only-one", one, k0, records[i0], [], [])
    proof("nobody", bytes(32), k0, b"", [], [])
    proof("another-there", one, k1, b"", [],
          [k0, hashlib.sha256(records[i0]).digest()])
    siblings = []
    root = (one, leaf(k1, records[i1]))
    depth = 0
    while k0[depth // 8] >> (7 - depth % 8) & 1 == \
            k1[depth // 8] >> (7 - depth % 8) & 1:
        depth += 1
    top = hashlib.sha256(b"\1" + root[0] + root[1]).digest()
    siblings = [bytes(32)] * depth + [root[1]]
    for bit in reversed(range(depth)):
        left = not k0[bit // 8] >> (7 - bit % 8) & 1
        pair = (top, bytes(32)) if left else (bytes(32), top)
        top = hashlib.sha256(b"\1" + pair[0] + pair[1]).digest()
    proof("two", top, k0, records[i0], siblings, [])


def write_genesis():
    seed("genesis", "seed", {
        "network_id": "my-network", "miners": ["11" * 20],
        "block_mining": {
            "interval": 10, "max_bound": 50, "min_bound": 2, "reward": 5,
            "difficulty": 5, "allow_empty": False,
            "placeholder_data": ["rnd", 15]},
        "transaction": {"placeholder_data": ["predef", "nothing"]},
        "max_peers": 4,
        "genesis_block": {"coinbase": "22" * 20, "coinbase_reward": 100,
                          "difficulty": 3},
        "alloc": {"11" * 20: {"balance": 1000},
                  "AB" * 20: {"balance": 1}}})
    seed("genesis", "least", {"network_id": "x", "miners": ["00" * 20]})
    seed("genesis", "new", {
        "network_id": "x", "miners": ["00" * 20, "01" * 20],
        "genesis_block": {"coinbase": "", "time": 1700000000000},
        "consensus": {"engine": "poa", "slot_ms": 10},
        "new_address_balance": 1, "confirmations": 1, "min_fee": 1,
        "max_tx_bytes": 512, "max_block_bytes": 4608, "alloc": {}})
    seed("genesis", "overflow", {
        "network_id": "x", "miners": ["00" * 20],
        "alloc": {"11" * 20: {"balance": 2**53 - 1},
                  "12" * 20: {"balance": 1}}})
    seed("genesis", "unknown", {"network_id": "x", "miners": [],
                                "minres": 1})
    seed("genesis", "numbers", '{"network_id": "x", "miners": [], '
         '"max_peers": 1e3, "min_fee": -1, "confirmations": '
         '99999999999999999999}')


def write_messages():
    path = os.path.join(HERE, "..", "..", "doc", "vectors.json")
    with open(path, encoding="utf-8") as f:
        vectors = json.load(f)
    types = [m["type"] for m in vectors["messages"]]
    for m in vectors["messages"]:
        seed("message", m["type"], bytes([types.index(m["type"])]) +
             bytes.fromhex(m["body"]))
    for i, m in enumerate(vectors["refused_messages"]):
        seed("message", f"refused-{i}", bytes([types.index(m["type"])]) +
             bytes.fromhex(m["body"]))
    for name, data in conversations.hellos():
        seed("hello", name, data)
    for name, data in conversations.talks(types):
        seed("node", name, data)
    for name, data in conversations_bft.talks(types):
        seed("bft", name, data)


def write_votes():
    """The first byte: which of tests/votes.h's."""
    small, large = accounts()
    one, two = bytes([1]) * 32, bytes([2]) * 32

    def vote(kind, round_, prepared, name, signer, account=small):
        body = [kind, 7, round_, prepared, name]
        return [*body, signer, account.sign(
            wire.digest(b"ccoin/vote/1", GENESIS, pack(body)))]
    prepare = vote(1, 0, 0, one, 3)
    change = vote(3, 1, 1, one, 3)
    idle = vote(3, 2**32, 0, bytes(32), 99)
    signed = [[v[5], v[6]] for v in (
        vote(2, 1, 0, one, 0), vote(2, 1, 0, one, 3, large))]
    seed("vote", "vote", b"\0" + pack(prepare))
    seed("vote", "round-change", b"\0" + pack(change))
    seed("vote", "round-change-of-nothing", b"\0" + pack(idle))
    seed("vote", "list", b"\1" + pack([prepare, change, idle]))
    seed("vote", "empty-list", b"\1" + pack([]))
    seed("vote", "certificate", b"\2" + pack([1, signed]))
    seed("vote", "certificate-out-of-order",
         b"\2" + pack([1, signed[::-1]]))
    seed("vote", "certificate-of-nobody", b"\2" + pack([1, []]))
    seed("vote", "other-seal", b"\2" + pack([b"", b"", 0]))
    sides = [[0, name, vote(1, 0, 0, name, 3)[6]] for name in (one, two)]
    seed("vote", "double", b"\3" + pack([small.spki, 7, 1, 0, *sides]))
    seed("vote", "double-the-other-way",
         b"\3" + pack([small.spki, 7, 1, 0, *sides[::-1]]))
    seed("vote", "double-of-the-same",
         b"\3" + pack([small.spki, 7, 1, 0, sides[0], sides[0]]))
    seed("vote", "floor", b"\4" + pack([0, 9]))
    seed("vote", "record-prepare", b"\4" + pack(
        [1, prepare, b"a block", [], []]))
    seed("vote", "record-proposal", b"\4" + pack(
        [1, vote(0, 1, 0, one, 3), b"a block", [change], [prepare]]))


def frame(letters, body, length=None):
    length = 3 + len(body) if length is None else length
    return length.to_bytes(4, "little") + letters.encode() + body


def write_frames():
    """The first byte: how the stream is cut, and whether from a stranger."""
    hello = frame("HEY", pack([1, GENESIS, bytes(32), bytes(20), 7, b"", 0,
                               GENESIS, 0, 0, b"x"]))
    ping = frame("RBH", pack([1, GENESIS, 0, 1, 2]))
    seed("frame", "several", b"\x05" + hello + ping + ping)
    seed("frame", "empty-bodies", b"\x00" + frame("RAD", b"") * 5)
    seed("frame", "long", b"\x3f" + frame("TXN", bytes(6000)) + ping)
    seed("frame", "long-of-a-stranger", b"\xbf" + frame("TXN", bytes(6000)))
    seed("frame", "over-the-types-bound",
         b"\x02" + ping + frame("RBH", b"", 132))
    seed("frame", "over-all", b"\x02" + frame("ABL", b"", 2**32 - 1))
    seed("frame", "no-type", b"\x02" + frame("XYZ", b"abc"))
    seed("frame", "too-short", b"\x02" + frame("RBH", b"", 2))
    seed("frame", "http", b"\x10GET / HTTP/1.1\r\n\r\n")


def main():
    write_frames()
    write_transactions()
    write_operations()
    write_blocks()
    write_stored()
    write_proofs()
    write_genesis()
    write_votes()
    write_messages()


main()
