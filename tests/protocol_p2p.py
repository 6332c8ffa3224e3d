#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What doc/protocol.md says of messages between nodes, in Python: the examples
of doc/vectors.json are made again from the page's rules, and what it refuses is
refused. Written from the page, not from the C code."""
import collections
import json
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from protocol_page import (CAP, SOURCE, ZEROS, Genesis,  # noqa: E402
                           Reader, Refused, digest, head, is_good_ed25519, pack,
                           rows, sha256, signature_length, unhex)

# The tables of the page
BODIES = {row[0].strip("`"): row[1] for row in rows("Messages")}
BOUNDS = {row[0].strip("`"): int(row[2]) for row in rows("Messages")}
LIMITS = {row[0]: row[1] for row in rows("Limits")}
HEADERS, LOCATOR, BLOCKS, HASHES, ADDRESSES, EVIDENCE, PIECE, VALIDATORS, \
    VOTES, DOUBLE_VOTES = (
    int(re.findall(r"\d+", how_many)[-1])
    for how_many in list(LIMITS.values())[:10])
GENESIS_MAX = 64 << 20
NUMBER = 2**64 - 1


# Bodies, from front to back; what does not fit is Refused

def need(condition):
    if not condition:
        raise Refused("malformed")


def integer(r, most=CAP):
    n = r.integer()
    need(n <= most)
    return n


def text(r, most, least=0):
    value = r.bin(*range(least, most + 1))
    need(all(0x20 <= byte <= 0x7e for byte in value))
    return value.decode()


def listed(r, most, read, least=0):
    return [read(r) for _ in range(r.array(*range(least, most + 1)))]


def hashes_of(r, most, least=0):
    return listed(r, most, lambda r: r.bin(32), least)


def anything(r):
    """The bytes of one value of any kind."""
    start = r.at
    code = r.data[r.at] if r.at < len(r.data) else None
    need(code is not None)
    if code < 0x80 or 0xcc <= code <= 0xcf:
        r.integer()
    elif 0xc4 <= code <= 0xc6:
        r.bin()
    else:
        for _ in range(r.array(*range(len(r.data) + 1))):
            anything(r)
    return r.data[start:r.at]


def array(r):
    value = anything(r)
    need(0x90 <= value[0] < 0xa0 or value[0] in (0xdc, 0xdd))
    return value


def address(r):
    value = text(r, 261, 1)
    host, colon, port = value.rpartition(":")
    need(colon and re.fullmatch("[1-9][0-9]{0,4}", port)
         and int(port) < 65536)
    if re.fullmatch("[0-9.]*", host):
        parts = host.split(".")
        need(len(parts) == 4 and all(
            re.fullmatch("0|[1-9][0-9]{0,2}", part) and int(part) < 256
            for part in parts))
    elif host.startswith("["):
        need(re.fullmatch(r"\[[0-9a-fA-F:.]{2,45}\]", host)
             and ":" in host)
    else:
        need(len(host) <= 253 and all(
            re.fullmatch("[A-Za-z0-9_-]{1,63}", label)
            for label in host.split(".")))
    return value


def hello(r):
    need(r.array(*range(1, 65536)))
    start = r.at
    if integer(r, NUMBER) != 1:
        raise Refused("version")
    r.at = start - 1
    r.array(11)
    version, chain, upgrades, node, instance = (
        integer(r, NUMBER), r.bin(32), r.bin(32), r.bin(20),
        integer(r, NUMBER))
    listen = ""
    if r.data[r.at:r.at + 2] == b"\xc4\0":
        r.bin()
    else:
        listen = address(r)
    return [version, chain, upgrades, node, instance, listen, integer(r),
            r.bin(32), integer(r), integer(r), text(r, 64)]


def bye(r):
    r.array(2)
    code, said = text(r, 32, 1), text(r, 240)
    need(re.fullmatch("[a-z_]+", code))
    return [code, said]


def tip(r):
    r.array(5)
    return [integer(r), r.bin(32), integer(r), integer(r),
            integer(r, NUMBER)]


def ask_headers(r):
    r.array(2)
    asked = [hashes_of(r, LOCATOR, 1), integer(r, HEADERS)]
    need(asked[1])
    return asked


def sealed(r, count):
    r.array(2 * count)
    return [array(r) for _ in range(2 * count)]


def blocks(r):
    r.array(2)
    return [listed(r, BLOCKS, anything), hashes_of(r, BLOCKS)]


def block_here(r):
    r.array(2)
    return [integer(r), r.bin(32)]


def ask_genesis(r):
    r.array(1)
    return [integer(r, GENESIS_MAX - 1)]


def genesis(r):
    r.array(4)
    total, offset, nonce, piece = (integer(r, GENESIS_MAX),
                                   integer(r, GENESIS_MAX),
                                   integer(r, NUMBER), r.bin())
    need(piece and len(piece) == min(PIECE, total - offset))
    return [total, offset, nonce, piece]


# Votes, as what Vote names

Vote = collections.namedtuple(
    "Vote", "kind height round prepared digest signer signature")
PROPOSAL, PREPARE, COMMIT, ROUND_CHANGE = range(4)


def choice(r, kind, round_):
    prepared = integer(r, round_ if kind == ROUND_CHANGE else 0)
    name = r.bin(32)
    need(kind != ROUND_CHANGE or prepared or name == ZEROS)
    return prepared, name


def vote(r):
    r.array(7)
    kind, height, round_ = integer(r, 3), integer(r), integer(r, 2**32)
    return Vote(kind, height, round_, *choice(r, kind, round_),
                integer(r, VALIDATORS - 1), r.bin(64, 256))


def votes(r, most=VALIDATORS, least=0):
    return listed(r, most, vote, least)


def proposal(r):
    r.array(4)
    voted, block, changes, prepares = vote(r), array(r), votes(r), votes(r)
    need(voted.kind == PROPOSAL)
    need(voted.round or not changes)
    need(all((v.kind, v.height, v.round) ==
             (ROUND_CHANGE, voted.height, voted.round) for v in changes))
    need(not prepares or any(v.prepared for v in changes))
    need(all((v.kind, v.height, v.round, v.digest) ==
             (PREPARE, voted.height, prepares[0].round, voted.digest)
             and v.round < voted.round for v in prepares))
    return [voted, block, changes, prepares]


def some_votes(r):
    value = votes(r, VOTES, 1)
    need(all(v.kind in (PREPARE, COMMIT) for v in value))
    return value


def round_change(r):
    r.array(2)
    voted, prepares = vote(r), votes(r)
    need(voted.kind == ROUND_CHANGE)
    need(voted.prepared or not prepares)
    need(all((v.kind, v.height, v.round, v.digest) ==
             (PREPARE, voted.height, voted.prepared - 1, voted.digest)
             for v in prepares))
    return [voted, prepares]


def links(r):
    value = listed(r, VALIDATORS, lambda r: r.bin(20))
    need(value == sorted(set(value)))
    return value


def certificate(r):
    r.array(2)

    def signed(r):
        r.array(2)
        return integer(r, VALIDATORS - 1), r.bin(64, 256)
    value = [integer(r, 2**32), listed(r, VALIDATORS, signed, 1)]
    signers = [signer for signer, _ in value[1]]
    need(signers == sorted(set(signers)))
    return value


def double_vote(r):
    r.array(6)
    key = r.bin()
    size = signature_length(key)
    height, kind, round_ = integer(r), integer(r, 3), integer(r, 2**32)
    sides = []
    for _ in range(2):
        r.array(3)
        sides.append((*choice(r, kind, round_), r.bin(size)))
    need(sides[0][:2] < sides[1][:2])
    return [key, height, kind, round_, *sides]


READ = {
    "HEY": hello, "ACK": hello, "BYE": bye, "RBH": tip, "BLH": tip,
    "RHD": ask_headers,
    "AHD": lambda r: listed(r, HEADERS, lambda r: sealed(r, 1)),
    "RBL": lambda r: hashes_of(r, BLOCKS),
    "ABL": blocks, "BLK": block_here,
    "TXA": lambda r: hashes_of(r, HASHES),
    "TXQ": lambda r: hashes_of(r, HASHES),
    "TXN": lambda r: listed(r, HASHES, anything),
    "RGK": ask_genesis, "GLK": genesis,
    "RAD": lambda r: listed(r, 0, anything),
    "ADR": lambda r: listed(r, ADDRESSES, address),
    "EVD": lambda r: listed(r, EVIDENCE, lambda r: sealed(r, 2)),
    "PRP": proposal, "VOT": some_votes, "RCH": round_change,
    "RPB": block_here, "APB": lambda r: listed(r, 1, array),
    "CRT": lambda r: sealed(r, 1), "LNK": links,
    "EVV": lambda r: listed(r, DOUBLE_VOTES, double_vote),
}


def read(kind, body):
    need(len(body) <= BOUNDS[kind])
    r = Reader(body)
    value = READ[kind](r)
    need(r.at == len(body))
    return value


def from_json(value):
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return unhex(value) if isinstance(value, str) else value


class Messages(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        path = os.path.join(SOURCE, "doc", "vectors.json")
        with open(path, encoding="utf-8") as file:
            cls.vectors = json.load(file)
        cls.examples = {m["type"]: m for m in cls.vectors["messages"]}
        cls.values = {kind: read(kind, unhex(m["body"]))
                      for kind, m in cls.examples.items()}
        files = {g["name"]: g for g in cls.vectors["genesis"]}
        cls.genesis = Genesis(files["full"]["file"])
        cls.nonce = files["full"]["nonce"]
        cls.blocks = cls.vectors["blocks"]
        cls.ids = {k["type"]: unhex(k["address"])
                   for k in cls.vectors["keys"]}

    def test_every_type_has_a_row_and_an_example(self):
        self.assertEqual(list(BODIES), list(READ))
        self.assertEqual(set(self.examples), set(READ))

    def test_frames(self):
        for kind, example in self.examples.items():
            body = unhex(example["body"])
            self.assertEqual(pack(from_json(example["value"])), body)
            self.assertLessEqual(len(body), BOUNDS[kind])
            length = (len(body) + 3).to_bytes(4, "little")
            self.assertEqual((length + kind.encode() + body).hex(),
                             example["frame"])

    def test_no_frame_is_larger_than_4_mib(self):
        self.assertEqual(max(BOUNDS.values()) + 3, 4 << 20)

    def test_what_is_malformed_is_refused(self):
        for example in self.vectors["refused_messages"]:
            with self.assertRaises(Refused, msg=example["name"]):
                read(example["type"], unhex(example["body"]))

    def test_every_cut_is_refused(self):
        for kind, example in self.examples.items():
            body = unhex(example["body"])
            for size in range(len(body)):
                with self.assertRaises(Refused):
                    read(kind, body[:size])

    def test_hellos_are_of_the_chain_and_of_the_keys(self):
        for kind, key in ("HEY", "ed25519"), ("ACK", "rsa"):
            value = self.values[kind]
            self.assertEqual(value[1:4],
                             [self.genesis.id, ZEROS, self.ids[key]])
        self.assertEqual(self.values["HEY"][6:8],
                         [2, unhex(self.blocks[1]["hash"])])
        self.assertEqual(self.values["ACK"][6:8], [0, self.genesis.id])

    def test_a_pong_repeats_the_number(self):
        self.assertEqual(self.values["RBH"][4], self.values["BLH"][4])

    def test_headers_follow_the_locator(self):
        self.assertEqual(self.values["RHD"][0], [self.genesis.id])
        self.assertEqual(self.values["AHD"],
                         [[unhex(b["header"]), unhex(b["seal"])]
                          for b in self.blocks])

    def test_blocks_come_as_they_were_asked(self):
        asked = self.values["RBL"]
        self.assertEqual(asked[0].hex(), self.blocks[0]["hash"])
        self.assertEqual(self.values["ABL"],
                         [[unhex(self.blocks[0]["block"])], asked[1:]])
        self.assertEqual(self.values["BLK"],
                         [2, unhex(self.blocks[1]["hash"])])

    def test_transactions_are_named_by_their_full_hash(self):
        names = [unhex(tx["full_hash"])
                 for tx in self.vectors["transactions"][:2]]
        self.assertEqual(self.values["TXA"], names)
        self.assertEqual(self.values["TXQ"], names[1:])
        self.assertEqual([sha256(full) for full in self.values["TXN"]],
                         names[1:])

    def test_the_pieces_make_the_genesis(self):
        total, offset, nonce, piece = self.values["GLK"]
        self.assertEqual(self.values["RGK"], [offset])
        self.assertEqual((total, nonce), (len(piece), self.nonce))
        self.assertEqual(piece, self.genesis.rules)

    def test_evidence_is_two_headers_of_one_slot(self):
        (one, seal, other, other_seal), = self.values["EVD"]
        names = [digest("ccoin/header/1", self.genesis.id, h)
                 for h in (one, other)]
        self.assertNotEqual(*names)
        self.assertLess(*names)
        headers = [Reader(h) for h in (one, other)]
        for r in headers:
            r.array(11)
        fields = [[anything(r) for _ in range(11)] for r in headers]
        self.assertEqual(fields[0][3:5], fields[1][3:5])
        self.assertEqual(head(3)[0], seal[0])
        self.assertNotEqual(seal, other_seal)

    def holds(self, v):
        key, = [unhex(k["public_key"]) for k in self.vectors["keys"]
                if k["type"] == "ed25519"]
        body = [v.kind, v.height, v.round, v.prepared, v.digest]
        self.assertEqual(self.values["LNK"][v.signer], self.ids["ed25519"])
        self.assertTrue(is_good_ed25519(
            key[12:], digest("ccoin/vote/1", self.genesis.id, pack(body)),
            v.signature))

    def test_votes_are_signed_over_their_bodies(self):
        proposed, _, changes, prepares = self.values["PRP"]
        change, its_prepares = self.values["RCH"]
        every = [proposed, *changes, *prepares, change, *its_prepares,
                 *self.values["VOT"]]
        self.assertEqual({v.kind for v in every}, set(range(4)))
        for v in every:
            self.holds(v)
            self.assertEqual(v.digest.hex(), self.blocks[1]["hash"])
        self.assertEqual(change, changes[0])
        self.assertEqual(prepares, its_prepares)

    def test_a_proposed_block_has_the_empty_seal(self):
        block = self.values["PRP"][1]
        header = unhex(self.blocks[1]["header"])
        self.assertEqual(block, head(3) + header + pack([b"", b"", 0])
                         + pack([]))
        self.assertEqual(self.values["APB"], [block])
        self.assertEqual(self.values["RPB"],
                         [2, digest("ccoin/header/1", self.genesis.id,
                                    header)])

    def test_a_certificate_is_of_commits(self):
        header, seal = self.values["CRT"]
        name = digest("ccoin/header/1", self.genesis.id, header)
        r = Reader(seal)
        round_, signed = certificate(r)
        self.assertEqual(r.at, len(seal))
        for signer, signature in signed:
            self.holds(Vote(COMMIT, 2, round_, 0, name, signer, signature))

    def test_a_double_vote_is_two_bodies_of_one_key(self):
        (key, height, kind, round_, *sides), = self.values["EVV"]
        self.assertEqual(sha256(key)[:20], self.ids["ed25519"])
        signer = self.values["LNK"].index(self.ids["ed25519"])
        for prepared, name, signature in sides:
            self.holds(Vote(kind, height, round_, prepared, name, signer,
                            signature))


if __name__ == "__main__":
    unittest.main()
