# SPDX-License-Identifier: MIT
"""Whole conversations for fuzz_hello and fuzz_node: what honest peers of the
world in world.c say, with blocks that hold, made by the page's rules
(tests/protocol_page.py). steps.h has the form of the steps;
conversations_bft.py has those of fuzz_bft."""
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.setdefault("srcdir", os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.dirname(HERE)]

from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: E402
import protocol_page as page  # noqa: E402
import wire  # noqa: E402
from wire import Raw, pack  # noqa: E402

EPOCH = 1700000000000
START = EPOCH + 30000
ZEROS = bytes(32)
REWARD = 5


def account(number):
    """The key of a number, as world.c makes it."""
    return wire.Account(key=ed25519.Ed25519PrivateKey.from_private_bytes(
        number.to_bytes(4, "big") + bytes(28)))


AUTHORITIES = [account(n) for n in (1, 2, 3)]
FILE = json.dumps({
    "network_id": "fuzz", "miners": [a.address for a in AUTHORITIES],
    "block_mining": {"interval": 1, "reward": REWARD, "allow_empty": True},
    "genesis_block": {"time": EPOCH},
    "alloc": {AUTHORITIES[1].address: {"balance": 1000000}}})
CHAIN_ID = page.Genesis(FILE).id


class Block:
    def __init__(self, header, seal, txs, chain_id=CHAIN_ID):
        self.header, self.seal = Raw(pack(header)), Raw(pack(seal))
        self.height, self.parent, self.time = header[1:4]
        self.hash = wire.digest(wire.DOMAIN_HEADER, chain_id, self.header)
        self.txs = txs
        self.raw = Raw(pack([self.header, self.seal,
                             [Raw(tx.raw()) for tx in txs]]))


class Branch:
    """Blocks from genesis on, each with a state that comes out."""

    def __init__(self):
        self.state = page.Genesis(FILE).state
        self.history = [CHAIN_ID]
        self.blocks = []

    def transfer(self, amount, fee=0, data=b""):
        sender = AUTHORITIES[1]
        nonce = self.state.accounts.get(sender.raw_address, [0, 0])[1]
        return wire.Tx(sender, nonce, AUTHORITIES[2].address, amount, fee,
                       0, data).sign(CHAIN_ID)

    def add(self, slot, txs=(), extra=b""):
        producer = AUTHORITIES[slot % 3]
        for tx in txs:
            self.state.transfer({
                "from": tx.sender.address, "to": tx.to.hex(),
                "number": tx.nonce, "amount": tx.amount, "fee": tx.fee})
        self.state.end_block(producer.raw_address,
                             sum(tx.fee for tx in txs), REWARD)
        header = [1, len(self.blocks) + 1, self.history[-1],
                  EPOCH + 1000 * slot, producer.raw_address,
                  page.merkle([hashlib.sha256(tx.raw()).digest()
                               for tx in txs]),
                  b"", self.state.root(), page.merkle(self.history), [],
                  extra]
        name = wire.digest(wire.DOMAIN_HEADER, CHAIN_ID, pack(header))
        block = Block(header, [producer.spki, producer.sign(name), 0],
                      list(txs))
        self.history.append(name)
        self.blocks.append(block)
        return block

    @property
    def tip(self):
        return self.blocks[-1]


def branch(count, first=1, step=1, with_txs=False):
    b = Branch()
    for i in range(count):
        slot = first + i * step
        b.add(slot, [b.transfer(10 + i, fee=i)] if with_txs and i % 2 == 0
              else [])
    return b


def hello(sender, tip=None, chain_id=CHAIN_ID, **other):
    values = {
        "version": 1, "genesis": chain_id, "upgrades": ZEROS,
        "id": sender.raw_address if isinstance(sender, wire.Account)
        else bytes([sender]) * 20,
        "instance": 7, "listen": b"192.0.2.9:4999",
        "height": tip.height if tip else 0,
        "tip": tip.hash if tip else chain_id,
        "settled": 0, "clock": START, "agent": b"seed"}
    values.update(other)
    return list(values.values())


def hellos():
    """Name and input of fuzz_hello. The stranger is number 5."""
    inbound, proved = 4, 8
    for name, first, value in (
            ("good", inbound | proved | 5 << 4, hello(5)),
            ("plain", inbound, hello(5)),
            ("answer", proved | 5 << 4, hello(5)),
            ("authority", inbound | proved | 1 << 4,
             hello(AUTHORITIES[1], branch(3).tip)),
            ("bad-id", inbound | proved | 6 << 4, hello(5)),
            ("self", inbound | proved | 7 << 4 | 1,
             hello(AUTHORITIES[0], instance=99)),
            ("twin", inbound | proved | 7 << 4 | 1, hello(AUTHORITIES[0])),
            ("other-chain", inbound, hello(5, genesis=ZEROS)),
            ("other-upgrades", inbound, hello(5, upgrades=CHAIN_ID)),
            ("old", inbound, hello(5, version=0)),
            ("new", inbound, hello(5, version=2) + [b"more"]),
            ("no-listen", inbound, hello(5, listen=b"")),
            ("bad-listen", inbound, hello(5, listen=b"x")),
            ("clock", inbound, hello(5, clock=0))):
        yield name, bytes([first]) + pack(value)


class Talk:
    """Steps as steps.h has them."""

    def __init__(self, types, who=0, boot=False):
        self.types = types
        self.out = bytearray([who | (0x10 if boot else 0)])

    def connect(self, slot, identity, inbound=True, proved=True):
        self.out += bytes([0, slot, inbound | proved << 1, identity])
        return self

    def say(self, slot, kind, value):
        body = value if isinstance(value, bytes) else pack(value)
        assert len(body) < 1 << 16
        self.out += bytes([1, slot, self.types.index(kind)])
        self.out += len(body).to_bytes(2, "little") + body
        return self

    def disconnect(self, slot):
        self.out += bytes([2, slot])
        return self

    def time(self, ms):
        self.out += bytes([3]) + ms.to_bytes(2, "little")
        return self

    def job(self, which, how):
        self.out += bytes([4, which, how])
        return self

    def commit(self):
        self.out += bytes([5])
        return self

    def settle(self):
        self.out += bytes([6])
        return self

    def greet(self, slot, height=0):
        self.out += bytes([7, slot, height])
        return self

    def submit(self, raw):
        self.out += bytes([8]) + len(raw).to_bytes(2, "little") + raw
        return self

    def restart(self):
        self.out += bytes([9])
        return self

    # several steps

    def work(self):
        """Jobs, what they lead to, and a moment for the rest."""
        for _ in range(3):
            self.settle().time(5)
        return self.settle()

    def meet(self, slot, number, tip=None, inbound=True):
        """A connection and its hello, of an authority or a stranger."""
        self.connect(slot, number, inbound)
        return self.say(slot, "HEY" if inbound else "ACK",
                        self.hello(number, tip))

    @staticmethod
    def hello(number, tip):
        return hello(AUTHORITIES[number] if number < 3 else number, tip)

    def headers(self, slot, blocks):
        return self.say(slot, "AHD",
                        [[b.header, b.seal] for b in blocks]).work()

    def bodies(self, slot, blocks, missing=()):
        return self.say(slot, "ABL", [[b.raw for b in blocks],
                                      list(missing)]).work()


def fulls(txs):
    return [hashlib.sha256(tx.raw()).digest() for tx in txs]


def talks(types):
    """Name and input of fuzz_node."""
    for name, talk in conversations(types):
        yield name, bytes(talk.out)


def conversations(types):
    def talk(*args, **kw):
        return Talk(types, *args, **kw)

    b = branch(6, with_txs=True)
    yield "sync", (talk().meet(0, 1, b.tip).time(10).headers(0, b.blocks)
                   .bodies(0, b.blocks).time(500).settle()
                   .say(0, "RBH", [6, b.tip.hash, 0, START, 3]))
    yield "sync-dialled", (talk(boot=True).meet(0, 2, b.tip, inbound=False)
                           .headers(0, b.blocks[:3]).time(1)
                           .headers(0, b.blocks[3:]).bodies(0, b.blocks[:2])
                           .time(1).bodies(0, b.blocks[2:]).restart())
    yield "announced", (talk().meet(0, 1)
                        .say(0, "BLK", [1, b.blocks[0].hash])
                        .headers(0, b.blocks[:1]).bodies(0, b.blocks[:1])
                        .say(0, "BLK", [2, b.blocks[1].hash])
                        .bodies(0, b.blocks[1:2])
                        .headers(0, b.blocks[1:2]).bodies(0, b.blocks[1:2]))
    fork = branch(2, first=2, step=3)
    yield "fork", (talk().meet(0, 1, fork.tip).headers(0, fork.blocks)
                   .bodies(0, fork.blocks).time(100)
                   .meet(1, 2, b.tip).headers(1, b.blocks)
                   .bodies(1, b.blocks).time(100).settle().restart()
                   .time(1000))
    rival = branch(3, first=2, step=2)
    yield "settled-twice", (talk().meet(0, 1, rival.tip)
                            .headers(0, rival.blocks)
                            .bodies(0, rival.blocks)
                            .meet(1, 2, b.tip).headers(1, b.blocks)
                            .bodies(1, b.blocks).restart().time(2000))
    yield "fork-crash", (talk(1).meet(0, 1, fork.tip)
                         .headers(0, fork.blocks).bodies(0, fork.blocks)
                         .meet(1, 2, b.tip).headers(1, b.blocks)
                         .say(1, "ABL", [[x.raw for x in b.blocks], []])
                         .job(0, 0).job(0, 0).restart().time(3000).settle())
    yield "stalling", (talk().meet(0, 1, b.tip).meet(1, 2, b.tip)
                       .headers(0, b.blocks).time(20000)
                       .headers(1, b.blocks).bodies(1, b.blocks)
                       .time(20000).settle())
    yield "missing", (talk().meet(0, 1, b.tip).headers(0, b.blocks)
                      .bodies(0, b.blocks[:2],
                              [x.hash for x in b.blocks[2:]]).time(5000)
                      .bodies(0, b.blocks[2:]))
    yield "bad-seals", (talk().meet(0, 1, b.tip).say(
        0, "AHD", [[x.header, x.seal] for x in b.blocks]).job(0, 1)
        .time(1000))
    yield "wrong-bodies", (talk().meet(0, 1, b.tip).headers(0, b.blocks)
                           .bodies(0, [Block(
                               wire.unpack(b.blocks[0].header),
                               wire.unpack(b.blocks[0].seal),
                               b.blocks[2].txs)]).time(1000))
    txs = [Branch().transfer(7, fee=1)]
    later = Branch()
    later.add(1, [later.transfer(1)])
    txs.append(later.transfer(8, fee=2, data=b"more"))
    yield "transactions", (talk(1).meet(0, 1).say(0, "TXA", fulls(txs))
                           .time(10).say(0, "TXN", [Raw(txs[0].raw())])
                           .settle().meet(1, 5)
                           .say(1, "TXQ", fulls(txs)).time(4000).settle())
    yield "bad-transactions", (talk().meet(0, 1).say(0, "TXA", fulls(txs))
                               .say(0, "TXN", [Raw(tx.raw())
                                               for tx in txs])
                               .job(0, 1).time(1000)
                               .say(0, "TXN", [Raw(txs[0].raw())]))
    yield "submitted", (talk(2).meet(0, 0).meet(1, 5)
                        .submit(txs[0].raw()).settle().time(20)
                        .say(1, "TXQ", fulls(txs[:1])).time(3000).settle()
                        .time(3000).commit().job(0, 0).settle())
    yield "submitted-nothing", talk(1).submit(b"").settle()
    produce = talk(3).meet(0, 4)
    for _ in range(6):
        produce.time(1000).settle()
    yield "produce", (produce.say(0, "RHD", [[CHAIN_ID], 512])
                      .say(0, "RBL", [b.tip.hash, CHAIN_ID])
                      .say(0, "RHD", [[b.tip.hash, ZEROS], 1]))
    yield "serve", (talk().meet(0, 1, b.tip).headers(0, b.blocks)
                    .bodies(0, b.blocks).time(100).meet(1, 5)
                    .say(1, "RHD", [[CHAIN_ID], 2])
                    .say(1, "RHD", [[b.blocks[3].hash, CHAIN_ID], 512])
                    .say(1, "RBL", [x.hash for x in b.blocks])
                    .say(1, "RGK", [0]))
    yield "genesis", (talk().connect(0, 5).say(0, "RGK", [0])
                      .say(0, "RGK", [64 << 10])
                      .say(0, "HEY", hello(5)).say(0, "RGK", [1]))
    yield "addresses", (talk().meet(0, 5).say(0, "RAD", [])
                        .say(0, "ADR", [b"192.0.2.7:4999",
                                        b"[2001:db8::7]:1"])
                        .time(60000).say(0, "ADR", []))
    other = Branch()
    other.add(1, extra=b"other")
    pair = sorted((b.blocks[0], other.tip), key=lambda x: x.hash)
    yield "evidence", (talk().meet(0, 1).meet(1, 5).say(0, "EVD", [
        [pair[0].header, pair[0].seal, pair[1].header, pair[1].seal]])
        .settle().time(100).say(1, "EVD", [
            [pair[0].header, pair[0].seal, pair[0].header, pair[0].seal]])
        .settle())
    yield "double-signed", (talk().meet(0, 1, b.tip).headers(0, b.blocks)
                            .meet(1, 2, other.tip)
                            .headers(1, other.blocks).time(1000).settle())
    future = branch(2, first=31)
    far = branch(1, first=500)
    yield "future", (talk().meet(0, 1, future.tip)
                     .headers(0, future.blocks).time(5000)
                     .headers(0, future.blocks).bodies(0, future.blocks)
                     .headers(0, far.blocks))
    yield "pings", (talk().connect(0, 5).greet(0, 3).time(6000)
                    .say(0, "BLH", [3, b.tip.hash, 1, START + 6000, 1])
                    .time(65000).connect(1, 6, inbound=False).greet(1)
                    .time(16000))
    yield "byes", (talk().meet(0, 5).say(0, "BYE", [b"self", b"text"])
                   .disconnect(0).connect(0, 6, inbound=False)
                   .say(0, "BYE", [b"wrong_genesis", b""]).disconnect(0)
                   .meet(1, 5).meet(2, 5).meet(3, 1).meet(4, 1))
    yield "flood", (talk().meet(0, 5).say(0, "TXA", [bytes([i]) * 32
                                                     for i in range(200)])
                    .say(0, "BLK", [9, ZEROS]).say(0, "BLK", [9, CHAIN_ID])
                    .say(0, "AHD", []).say(0, "ABL", [[], []])
                    .say(0, "TXN", []).say(0, "GLK", [1, 0, 0, b"x"]))
