#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doc/protocol.md once more, in Python: everything in doc/vectors.json is
made again from the page's rules and compared. Written from the page, not from
the C code; where the two differ, the page or the code is wrong."""
import base64
import hashlib
import json
import os
import struct
import sys
import unittest

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, utils
except ImportError:
    print("python3-cryptography is not installed")
    sys.exit(77)

CAP = 2**53 - 1
ZEROS = bytes(32)
unhex = bytes.fromhex


def be64(n):
    return struct.pack(">Q", n)


def sha256(data):
    return hashlib.sha256(data).digest()


def digest(domain, genesis, body):
    return sha256(domain.encode() + genesis + body)


# Canonical msgpack

def head(count):
    if count < 16:
        return bytes([0x90 + count])
    if count < 2**16:
        return b"\xdc" + struct.pack(">H", count)
    return b"\xdd" + struct.pack(">I", count)


def pack(value):
    if isinstance(value, int):
        if value < 128:
            return bytes([value])
        for code, form in ((0xcc, ">B"), (0xcd, ">H"), (0xce, ">I")):
            if value < 2 ** (8 * struct.calcsize(form)):
                return bytes([code]) + struct.pack(form, value)
        return b"\xcf" + be64(value)
    if isinstance(value, bytes):
        for code, form in ((0xc4, ">B"), (0xc5, ">H"), (0xc6, ">I")):
            if len(value) < 2 ** (8 * struct.calcsize(form)):
                return bytes([code]) + struct.pack(form, len(value)) + value
    return head(len(value)) + b"".join(pack(item) for item in value)


# Merkle roots and state

def merkle(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + merkle(leaves[:k]) + merkle(leaves[k:]))


def tree(accounts, depth=0):
    if not accounts:
        return ZEROS
    if len(accounts) == 1:
        key, record = accounts[0]
        return sha256(b"\x00" + key + sha256(record))
    sides = [], []
    for key, record in accounts:
        bit = key[depth // 8] >> (7 - depth % 8) & 1
        sides[bit].append((key, record))
    return sha256(b"\x01" + tree(sides[0], depth + 1) +
                  tree(sides[1], depth + 1))


class State:
    """What an address holds: address -> [balance, nonce]."""

    def __init__(self, new_address_balance=0):
        self.accounts = {}
        self.supply = 0
        self.new_address_balance = new_address_balance

    def mint(self, address, amount):
        amount = min(amount, CAP - self.supply)
        self.supply += amount
        self.accounts.setdefault(address, [0, 0])[0] += amount

    def touch(self, address):
        if address not in self.accounts:
            self.mint(address, self.new_address_balance)

    def transfer(self, tx):
        sender, to = unhex(tx["from"]), unhex(tx["to"])
        self.touch(sender)
        self.touch(to)
        assert self.accounts[sender][1] == tx["number"]
        assert self.accounts[sender][0] >= tx["amount"] + tx["fee"]
        self.accounts[sender][0] -= tx["amount"] + tx["fee"]
        self.accounts[sender][1] += 1
        self.accounts[to][0] += tx["amount"]

    def end_block(self, producer, fees, reward):
        if fees or reward:
            self.touch(producer)
            self.accounts[producer][0] += fees
            self.mint(producer, reward)

    def tree_root(self):
        return tree([(sha256(a), pack([a, balance, nonce]))
                     for a, (balance, nonce) in self.accounts.items()])

    def root(self):
        return digest("ccoin/state/1", ZEROS,
                      self.tree_root() + be64(self.supply))


# Genesis

def placeholder(value):
    if value is None:
        return []
    if value[0] == "rnd":
        return [1, value[1]]
    return [2, value[1].encode()]


class Genesis:
    def __init__(self, text):
        top = json.loads(text)
        mining = self.mining = top.get("block_mining", {})
        block = top.get("genesis_block", {})
        interval = mining.get("interval", 0)
        coinbase = unhex(block.get("coinbase", ""))
        reward = block.get("coinbase_reward", 0)
        alloc = sorted((unhex(a), entry["balance"])
                       for a, entry in top.get("alloc", {}).items())
        self.rules = pack([
            1, str(top["network_id"]).encode(),
            [unhex(a) for a in top["miners"]], interval * 1000,
            mining.get("max_bound", 1000), mining.get("min_bound", 1),
            mining.get("reward", 0), mining.get("difficulty", 0),
            int(mining.get("allow_empty", False)),
            placeholder(mining.get("placeholder_data")),
            placeholder(top.get("transaction", {}).get("placeholder_data")),
            top.get("max_peers", 0), coinbase, reward,
            block.get("difficulty", 0), block.get("time", 0),
            [list(entry) for entry in alloc],
            top.get("new_address_balance", 0), top.get("confirmations", 6),
            top.get("min_fee", 0), top.get("max_tx_bytes", 4096),
            top.get("max_block_bytes", 2097152), 0,
            top.get("consensus", {}).get("slot_ms",
                                         1000 if interval else 10)])
        self.state = State(top.get("new_address_balance", 0))
        for address, balance in alloc:
            self.state.mint(address, balance)
        if coinbase:
            self.state.mint(coinbase, reward)
        self.header = pack([
            1, 0, ZEROS, block.get("time", 0), coinbase, merkle([]), b"",
            self.state.root(), merkle([]),
            [digest("ccoin/rules/1", ZEROS, self.rules)], b""])
        self.id = digest("ccoin/header/1", ZEROS, self.header)
        self.difficulty = block.get("difficulty", 0)

    def mine(self):
        nonce = 0
        while not self.pow(nonce).startswith("0" * self.difficulty):
            nonce += 1
        return nonce

    def pow(self, nonce):
        return sha256(be64(nonce) + self.id).hex()


class Page(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        path = os.path.join(os.environ.get("srcdir", "."), "doc",
                            "vectors.json")
        with open(path, encoding="utf-8") as file:
            cls.vectors = json.load(file)
        cls.keys = {k["type"]: k for k in cls.vectors["keys"]}
        cls.files = {g["name"]: g["file"] for g in cls.vectors["genesis"]}

    def private(self, kind):
        pem = self.keys[kind]["private_key_pem"].encode()
        return serialization.load_pem_private_key(pem, None)

    def full(self, example, genesis):
        tx = example["json"]
        data = (base64.b64decode(tx["data_base64"]) if "data_base64" in tx
                else tx["data"].encode())
        body = pack([1, unhex(tx["from"]), tx["number"], tx["fee"],
                     tx["valid_until"], data,
                     [[0, unhex(tx["to"]), tx["amount"]]]])
        self.assertEqual(body.hex(), example["body"])
        self.assertEqual(digest("ccoin/tx/1", genesis, body).hex(),
                         example["id"])
        key = base64.b64decode(tx.get("public_key", ""))
        return (head(3) + body + pack(key) +
                pack(base64.b64decode(tx["signature"])))

    def test_msgpack(self):
        for example in self.vectors["msgpack"]["integers"]:
            self.assertEqual(pack(example["value"]).hex(), example["bytes"])
        for example in self.vectors["msgpack"]["bins"]:
            bytes_ = pack(bytes(example["length"])).hex()
            self.assertEqual(bytes_[:len(example["head"])], example["head"])
        for example in self.vectors["msgpack"]["arrays"]:
            self.assertEqual(head(example["count"]).hex(), example["head"])

    def test_keys(self):
        for kind, key in self.keys.items():
            public = self.private(kind).public_key().public_bytes(
                serialization.Encoding.DER,
                serialization.PublicFormat.SubjectPublicKeyInfo)
            self.assertEqual(public.hex(), key["public_key"])
            self.assertEqual(sha256(public)[:20].hex(), key["address"])

    def test_merkle_roots(self):
        for example in self.vectors["merkle"]:
            self.assertEqual(merkle([unhex(x) for x in example["leaves"]])
                             .hex(), example["root"])

    def test_states(self):
        for example in self.vectors["states"]:
            state = State()
            for account in example["accounts"]:
                address = unhex(account["address"])
                state.accounts[address] = [account["balance"],
                                           account["nonce"]]
                self.assertEqual(sha256(address).hex(), account["key"])
            state.supply = example["supply"]
            self.assertEqual(state.tree_root().hex(), example["tree_root"])
            self.assertEqual(state.root().hex(), example["state_root"])

    def test_genesis(self):
        for example in self.vectors["genesis"]:
            genesis = Genesis(example["file"])
            self.assertEqual(genesis.rules.hex(), example["rules"])
            self.assertEqual(genesis.header.hex(), example["header"])
            self.assertEqual(genesis.id.hex(), example["chain_id"])
            self.assertEqual(genesis.state.supply, example["supply"])
            self.assertEqual(genesis.mine(), example["nonce"])
            self.assertEqual(genesis.pow(example["nonce"]),
                             example["pow_hash"])

    def test_transactions(self):
        genesis = Genesis(self.files["full"])
        for example in self.vectors["transactions"]:
            full = self.full(example, genesis.id)
            self.assertEqual(full.hex(), example["full"])
            self.assertEqual(sha256(full).hex(), example["full_hash"])
            key = self.private(example["signed_by"])
            name, signature = unhex(example["id"]), unhex(example["signature"])
            if example["signed_by"] == "ed25519":
                self.assertEqual(key.sign(name), signature)
            else:
                key.public_key().verify(
                    signature, name,
                    padding.PSS(padding.MGF1(hashes.SHA256()), 32),
                    utils.Prehashed(hashes.SHA256()))

    def test_blocks(self):
        genesis = Genesis(self.files["full"])
        state, reward = genesis.state, genesis.mining["reward"]
        producer = unhex(self.keys["ed25519"]["address"])
        history = [genesis.id]
        contents = [self.vectors["transactions"][:3], []]
        extras = [b"", b"abcdefghijklmno"]
        for n, example in enumerate(self.vectors["blocks"]):
            fulls = [self.full(tx, genesis.id) for tx in contents[n]]
            for tx in contents[n]:
                state.transfer(tx["json"])
            state.end_block(producer,
                            sum(tx["json"]["fee"] for tx in contents[n]),
                            reward)
            header = pack([1, n + 1, history[-1], example["time"], producer,
                           merkle([sha256(full) for full in fulls]), b"",
                           state.root(), merkle(history), [], extras[n]])
            self.assertEqual(header.hex(), example["header"])
            name = digest("ccoin/header/1", genesis.id, header)
            self.assertEqual(name.hex(), example["hash"])
            seal = pack([unhex(self.keys["ed25519"]["public_key"]),
                         self.private("ed25519").sign(name), 0])
            self.assertEqual(seal.hex(), example["seal"])
            block = head(3) + header + seal + head(len(fulls))
            self.assertEqual((block + b"".join(fulls)).hex(),
                             example["block"])
            for account in example["changed"]:
                self.assertEqual(state.accounts[unhex(account["address"])],
                                 [account["balance"], account["nonce"]])
            history.append(name)


if __name__ == "__main__":
    unittest.main()
