# SPDX-License-Identifier: MIT
"""The tests' own implementation of the protocol is what they trust: its
encoder is canonical, and its signatures can fail."""
import json
import os
import unittest

from cryptography.hazmat.primitives import serialization

import lib
import wire


class Msgpack(unittest.TestCase):
    def test_every_form_at_its_edges(self):
        for value, encoded in (
                (0, "00"), (127, "7f"), (128, "cc80"), (255, "ccff"),
                (256, "cd0100"), (65535, "cdffff"), (65536, "ce00010000"),
                (2**32 - 1, "ceffffffff"), (2**32, "cf0000000100000000"),
                (2**64 - 1, "cf" + "ff" * 8),
                (b"", "c400"), (b"a", "c40161"),
                (b"x" * 256, "c50100" + "78" * 256),
                ([], "90"), ([1, [2]], "92019102"),
                ([0] * 16, "dc0010" + "00" * 16)):
            self.assertEqual(wire.pack(value).hex(), encoded)
            self.assertEqual(wire.unpack(bytes.fromhex(encoded)), value)

    def test_refuses_longer_forms(self):
        for encoded in ("cc7f", "cd00ff", "ce0000ffff", "c50001" + "61",
                        "dc000101", "0000", "92", "c40261", "c0", "a161",
                        "ff", "80"):
            with self.assertRaises(ValueError, msg=encoded):
                wire.unpack(bytes.fromhex(encoded))


class Keys(unittest.TestCase):
    genesis = bytes(range(32))

    def test_signatures_fit_one_key_one_chain_and_one_body(self):
        for kind in "rsa", "ed25519":
            a, b = wire.Account(kind), wire.Account(kind)
            tx = wire.Tx(a, 0, b.address, 7, data="hi").sign(self.genesis)
            signed = wire.digest(wire.DOMAIN_TX, self.genesis, tx.body())
            self.assertTrue(wire.verify(a.spki, signed, tx.signature))
            self.assertFalse(wire.verify(b.spki, signed, tx.signature))
            other = wire.digest(wire.DOMAIN_TX, bytes(32), tx.body())
            self.assertFalse(wire.verify(a.spki, other, tx.signature))
            tx.amount = 8
            changed = wire.digest(wire.DOMAIN_TX, self.genesis, tx.body())
            self.assertFalse(wire.verify(a.spki, changed, tx.signature))

    def test_full_bytes_hold_the_body_as_it_was_signed(self):
        a = wire.Account("ed25519")
        tx = wire.Tx(a, 0, "11" * 20, 5, fee=300, valid_until=70000)
        tx.sign(self.genesis)
        body, key, signature = wire.unpack(tx.raw())
        self.assertEqual(wire.pack(body), tx.body())
        self.assertEqual(key, a.spki)
        self.assertEqual(len(signature), 64)
        tx.nonce = 1
        self.assertEqual(wire.unpack(tx.body())[2], 1)


class Operations(unittest.TestCase):
    """Of doc/vectors.json, made again."""

    @classmethod
    def setUpClass(cls):
        path = os.path.join(lib.SOURCE, "doc", "vectors.json")
        with open(path, encoding="utf-8") as f:
            vectors = json.load(f)
        cls.examples = vectors["operations"]
        cls.genesis = bytes.fromhex(next(
            g["chain_id"] for g in vectors["genesis"] if g["name"] == "full"))
        cls.account = {
            k["type"]: wire.Account(
                key=serialization.load_pem_private_key(
                    k["private_key_pem"].encode(), None))
            for k in vectors["keys"]}

    def compare(self, tx, example, digests):
        tx.sign(self.genesis)
        self.assertEqual(tx.raw().hex(), example["full"])
        self.assertEqual(tx.id(self.genesis), example["id"])
        self.assertEqual([d.hex() for d in digests], example["digests"])
        said = {k: v for k, v in example["json"].items() if k != "id"}
        self.assertEqual(tx.object(), said)

    def test_votes_and_evidence_are_those_of_the_examples(self):
        me = self.account["ed25519"]
        add = wire.Vote(me, 2, add=me)
        self.compare(add, self.examples[0], [add.to_accept(self.genesis)])
        self.compare(wire.Vote(me, 3, remove=self.account["rsa"].address,
                               few=True), self.examples[1], [])
        twice = wire.Evidence(me, 4, me, 2, 1, [b"\xee" * 32, b"\xdd" * 32])
        self.compare(twice, self.examples[2],
                     [twice.to_sign(self.genesis, b) for b in twice.blocks])

    def test_an_acceptance_is_for_one_chain_and_one_change(self):
        me, other = wire.Account("ed25519"), wire.Account("ed25519")
        vote = wire.Vote(me, 0, add=other).sign(self.genesis)
        for to_sign, good in (
                (vote.to_accept(self.genesis), True),
                (vote.to_accept(bytes(32)), False),
                (wire.digest(wire.DOMAIN_TX, self.genesis, vote.change()),
                 False)):
            self.assertEqual(wire.verify(other.spki, to_sign,
                                         vote.acceptance), good)


class Limits(lib.Case):
    limit = 0.2

    def test_a_test_that_hangs_is_ended(self):
        with self.assertRaises(lib.Failed):
            os.read(os.pipe()[0], 1)


if __name__ == "__main__":
    lib.main(needs=(), quick=True)
