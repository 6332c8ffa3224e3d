#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doc/protocol.md once more, in Python: everything in doc/vectors.json is
made again from the page's rules and compared. Written from the page, not from
the C code; where the two differ, the page or the code is wrong."""
import base64
import hashlib
import json
import os
import re
import struct
import sys
import unittest

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, utils
except ImportError:
    print("python3-cryptography is not installed")
    sys.exit(77)

SOURCE = os.environ.get("srcdir", ".")
with open(os.path.join(SOURCE, "doc", "protocol.md"), encoding="utf-8") as f:
    PAGE = f.read()

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


class Refused(Exception):
    """The code that the page gives."""


class Reader:
    """Canonical msgpack from front to back; what does not fit is Refused."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise Refused("malformed")
        self.at += size
        return self.data[self.at - size:self.at]

    def sized(self, size, least):
        n = int.from_bytes(self.take(size), "big")
        if n < least:
            raise Refused("not_canonical")
        return n

    def integer(self):
        code = self.take(1)[0]
        if code < 0x80:
            return code
        if not 0xcc <= code <= 0xcf:
            raise Refused("malformed")
        least = {0xcc: 2**7, 0xcd: 2**8, 0xce: 2**16, 0xcf: 2**32}[code]
        return self.sized(1 << code - 0xcc, least)

    def bin(self, *lengths):
        code = self.take(1)[0]
        if not 0xc4 <= code <= 0xc6:
            raise Refused("malformed")
        n = self.sized(1 << code - 0xc4, (0, 2**8, 2**16)[code - 0xc4])
        if lengths and n not in lengths:
            raise Refused("malformed")
        return self.take(n)

    def array(self, *counts):
        code = self.take(1)[0]
        if 0x90 <= code < 0xa0:
            n = code - 0x90
        elif code in (0xdc, 0xdd):
            n = self.sized(2 << code - 0xdc, (16, 2**16)[code - 0xdc])
        else:
            raise Refused("malformed")
        if n not in counts:
            raise Refused("malformed")
        return n


# Keys, signatures, transactions

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
RSA_HEAD = unhex("30820122300d06092a864886f70d01010105000382010f00"
                 "3082010a0282010100")
ED25519_HEAD = unhex("302a300506032b6570032100")
# as the page lists them
SMALL_ORDER = {int.from_bytes(unhex(y), "little")
               for y in re.findall(r"^ +([0-9a-f]{64})$", PAGE, re.M)}


def address_of(key):
    return sha256(key)[:20]


def signature_length(key):
    """256 or 64; Refused for what is no key."""
    if len(key) == 294:
        modulus = key[len(RSA_HEAD):-5]
        if (key.startswith(RSA_HEAD) and key.endswith(unhex("0203010001"))
                and modulus[0] & 0x80 and modulus[-1] & 1):
            return 256
    elif len(key) == 44 and key.startswith(ED25519_HEAD):
        y = int.from_bytes(key[12:], "little") % 2**255
        if y < P and y not in SMALL_ORDER:
            return 64
    raise Refused("bad_public_key")


def point(encoded):
    """None: no point has this y."""
    y, sign = divmod(int.from_bytes(encoded, "little"), 2**255)[::-1]
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return (x if x % 2 == sign else P - x), y


def plus(a, b):
    k = D * a[0] * b[0] * a[1] * b[1]
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, P) % P,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P)


def times(n, a):
    total = 0, 1
    while n:
        if n & 1:
            total = plus(total, a)
        a, n = plus(a, a), n >> 1
    return total


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_good_ed25519(key, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    a = point(key)
    if s >= L or a is None:
        return False
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(),
                       "little") % L
    x, y = plus(times(s, BASE), times(k, (P - a[0], a[1])))
    return (y + (x % 2 << 255)).to_bytes(32, "little") == r


KINDS = "proposal", "prepare", "commit", "round_change"


class Later:
    """What an operation refuses once the amounts are in range."""

    def __init__(self):
        self.amount = 0
        self.change = b""
        self.further = []   # (key, digest's function, body, signature)
        self.check = lambda: None


def read_vote(r, op):
    approve, start = r.integer(), r.at
    r.array(3)
    removes = r.integer()
    if approve > 1 or removes > 1:
        raise Refused("malformed")
    what = r.bin(20) if removes else r.bin()
    few = r.integer()
    if few > removes or not what:
        raise Refused("malformed")
    op.change = r.data[start:r.at]
    acceptance = r.bin()

    def check():
        length = 0 if removes else signature_length(what)
        if approve and not removes and not acceptance:
            raise Refused("signature_required")
        if acceptance and (removes or not approve):
            raise Refused("malformed")
        if acceptance and len(acceptance) != length:
            raise Refused("bad_signature")
    op.check = check
    if acceptance:
        op.further = [(what, digest_of_acceptance, op.change, acceptance)]


def digest_of_acceptance(genesis, change):
    return digest("ccoin/accept/1", genesis, change)


def digest_of_vote(genesis, body):
    return digest("ccoin/vote/1", genesis, body)


def read_evidence(r, op):
    r.array(6)
    key, height, kind, round_ = r.bin(), r.integer(), r.integer(), r.integer()
    sides, op.further = [], []
    for _ in range(2):
        r.array(3)
        prepared, name, signature = r.integer(), r.bin(32), r.bin(64, 256)
        sides.append((prepared, name))
        op.further.append((key, digest_of_vote, pack(
            [kind, height, round_, prepared, name]), signature))

    def check():
        if kind >= len(KINDS) or round_ > 2**32 or sides[0] >= sides[1]:
            raise Refused("malformed")
        for prepared, name in sides:
            if prepared > (round_ if kind == 3 else 0) or (
                    kind == 3 and not prepared and name != ZEROS):
                raise Refused("malformed")
        for *_, signature in op.further:
            if len(signature) != signature_length(key):
                raise Refused("malformed")
    op.check = check


def read_operation(r):
    op = Later()
    count = r.array(*range(1, 17))
    what = r.integer()
    if what > 2:
        raise Refused("unsupported_operation")
    if count != (3, 4, 2)[what]:
        raise Refused("malformed")
    if what == 0:
        r.bin(20)
        op.amount = r.integer()
    elif what == 1:
        read_vote(r, op)
    else:
        read_evidence(r, op)
    return op


def operation_of(tx):
    """From JSON."""
    if "vote" in tx:
        v = tx["vote"]
        change = [1, unhex(v["remove"]), int(v["allow_few"])] \
            if "remove" in v else \
            [0, base64.b64decode(v["add"]["public_key"]), 0]
        return [1, int(v["approve"]), change,
                base64.b64decode(v.get("acceptance", ""))]
    if "evidence" in tx:
        e = tx["evidence"]
        return [2, [base64.b64decode(e["public_key"]), e["height"],
                    KINDS.index(e["kind"]), e["round"],
                    *([v["prepared_round"] + 1 if "prepared_round" in v
                       else 0, unhex(v["digest"]),
                       base64.b64decode(v["signature"])]
                      for v in e["votes"])]]
    return [0, unhex(tx["to"]), tx["amount"]]


def check_form(full, max_tx_bytes=4096):
    """The page's list "Form", in its order; the operation."""
    if len(full) > max_tx_bytes:
        raise Refused("too_big")
    r = Reader(full)
    r.array(3)
    r.array(7)
    if r.integer() != 1:
        raise Refused("unsupported_version")
    sender, nonce, fee, valid_until = (r.bin(20), r.integer(), r.integer(),
                                       r.integer())
    r.bin()
    if r.array(*range(17)) != 1:
        raise Refused("unsupported_operation")
    op = read_operation(r)
    key, signature = r.bin(), r.bin()
    if r.at != len(full):
        raise Refused("malformed")
    if max(nonce, fee, valid_until, op.amount) > CAP:
        raise Refused("amount_overflow")
    op.check()
    if not signature:
        raise Refused("signature_required")
    if nonce and key:
        raise Refused("public_key_unexpected")
    if nonce and len(signature) not in (64, 256):
        raise Refused("bad_signature")
    if not nonce:
        if not key:
            raise Refused("public_key_required")
        length = signature_length(key)
        if address_of(key) != sender:
            raise Refused("wrong_public_key")
        if len(signature) != length:
            raise Refused("bad_signature")
    return op


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

def rows(heading):
    """The cells of the first table below a heading."""
    below = PAGE.split(f"\n## {heading}\n", 1)[1]
    table = re.search(r"^\|.*?\n(?=[^|]|\Z)", below, re.M | re.S).group()
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in table.splitlines()[2:]]


DEFAULTS = {row[1].strip("`"): row[3] for row in rows("Genesis")[1:]}


def placeholder(value):
    if value is None:
        return []
    if value[0] == "rnd":
        return [1, value[1]]
    return [2, value[1].encode()]


class Genesis:
    def __init__(self, text):
        self.top = json.loads(text)
        coinbase = unhex(self.of("genesis_block.coinbase"))
        reward = self.of("genesis_block.coinbase_reward")
        alloc = sorted((unhex(a), entry["balance"])
                       for a, entry in self.of("alloc").items())
        self.time = self.of("genesis_block.time")
        self.difficulty = self.of("genesis_block.difficulty")
        self.reward = self.of("block_mining.reward")
        values = {name: self.of(name) for name in DEFAULTS}
        values.update({
            "network_id": str(values["network_id"]).encode(),
            "miners": [unhex(a) for a in values["miners"]],
            "block_mining.interval": values["block_mining.interval"] * 1000,
            "block_mining.allow_empty":
                int(values["block_mining.allow_empty"]),
            "genesis_block.coinbase": coinbase,
            "alloc": [list(entry) for entry in alloc],
            "consensus.engine": ["poa"].index(values["consensus.engine"]),
        })
        for name in ("block_mining.placeholder_data",
                     "transaction.placeholder_data"):
            values[name] = placeholder(values[name])
        # the table is in the order of the elements
        self.rules = pack([1] + [values[name] for name in DEFAULTS])
        self.state = State(self.of("new_address_balance"))
        for address, balance in alloc:
            self.state.mint(address, balance)
        if coinbase:
            self.state.mint(coinbase, reward)
        self.header = pack([
            1, 0, ZEROS, self.time, coinbase, merkle([]), b"",
            self.state.root(), merkle([]),
            [digest("ccoin/rules/1", ZEROS, self.rules)], b""])
        self.id = digest("ccoin/header/1", ZEROS, self.header)

    def of(self, name):
        """A field of the file, or its default as the page has it."""
        section, _, field = name.rpartition(".")
        place = self.top.get(section, {}) if section else self.top
        if field in place:
            return place[field]
        default = DEFAULTS[name]
        if name == "consensus.slot_ms":
            common, idle = re.findall(r"\d+", default)[:2]
            return int(idle if not self.of("block_mining.interval")
                       else common)
        if default in ("none", "nothing"):
            return None if default == "none" else {}
        return json.loads(default.strip("`"))

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
        path = os.path.join(SOURCE, "doc", "vectors.json")
        with open(path, encoding="utf-8") as file:
            cls.vectors = json.load(file)
        cls.keys = {k["type"]: k for k in cls.vectors["keys"]}
        cls.files = {g["name"]: g["file"] for g in cls.vectors["genesis"]}

    def private(self, kind):
        pem = self.keys[kind]["private_key_pem"].encode()
        return serialization.load_pem_private_key(pem, None)

    def signed(self):
        return self.vectors["transactions"] + self.vectors["operations"]

    def full(self, example, genesis):
        tx = example["json"]
        data = (base64.b64decode(tx["data_base64"]) if "data_base64" in tx
                else tx["data"].encode())
        body = pack([1, unhex(tx["from"]), tx["number"], tx["fee"],
                     tx["valid_until"], data,
                     [operation_of(tx)]])
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

    def test_refused_keys(self):
        for example in self.vectors["refused_public_keys"]:
            with self.assertRaises(Refused, msg=example["name"]):
                signature_length(unhex(example["public_key"]))
        for key in self.keys.values():
            signature_length(unhex(key["public_key"]))

    def test_ed25519_signatures(self):
        for example in self.vectors["ed25519_signatures"]:
            key = unhex(example["public_key"])
            self.assertEqual(signature_length(key), 64)
            self.assertEqual(
                is_good_ed25519(key[12:], unhex(example["message"]),
                                unhex(example["signature"])),
                example["valid"], example["name"])

    def test_refused_transactions(self):
        for example in self.signed():
            check_form(unhex(example["full"]))
        for example in self.vectors["refused_transactions"]:
            with self.assertRaises(Refused, msg=example["name"]) as refusal:
                check_form(unhex(example["full"]))
            self.assertEqual(str(refusal.exception), example["code"],
                             example["name"])

    def test_the_table_of_errors_is_whole(self):
        listed = [(row[0].strip("`"), int(row[1].split(",")[0])) for row in rows("Errors")
                  if row[1]]
        self.assertEqual(sorted(listed), sorted(
            (e["code"], e["status"]) for e in self.vectors["errors"]))
        for row in rows("Errors"):
            self.assertTrue(row[0].startswith("**") or row[2], row)

    def test_no_other_code_is_named(self):
        known = {e["code"] for e in self.vectors["errors"]} | set(DEFAULTS)
        for name in ("The order of checks", "The pool", "Reading back",
                     "Submitting", "What a transaction does"):
            text = PAGE.split(f"\n## {name}\n", 1)[1].split("\n## ")[0]
            for code in re.findall(r"(?<!min)\(`([a-z_]+)`[;,)]",
                                   text):
                self.assertIn(code, known)

    def test_the_table_of_vectors_is_whole(self):
        table = {row[0].strip("`"): row[1] for row in rows("vectors.json")}
        self.assertEqual(set(table), set(self.vectors))
        for member, about in table.items():
            lists = self.vectors[member]
            if isinstance(lists, dict):
                lists = [lists, *lists.values()]
            elif isinstance(lists, list):
                lists = [lists]
            else:
                lists = []
            for items in lists:
                for item in [items] if isinstance(items, dict) else items:
                    for key in item:
                        self.assertIn(f"`{key}`", about, member)

    def test_links_lead_somewhere(self):
        anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
                   for title in re.findall(r"^## (.*)$", PAGE, re.M)}
        for anchor in re.findall(r"\]\(#([^)]*)\)", PAGE):
            self.assertIn(anchor, anchors)
        for path in re.findall(r"\]\((?!#|https:)([^)]*)\)", PAGE):
            self.assertTrue(os.path.exists(
                os.path.join(SOURCE, "doc", path)), path)

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
            self.assertEqual(
                digest("ccoin/rules/1", ZEROS, genesis.rules).hex(),
                example["rules_hash"])
            self.assertEqual(genesis.header.hex(), example["header"])
            self.assertEqual(genesis.id.hex(), example["chain_id"])
            self.assertEqual(genesis.state.supply, example["supply"])
            self.assertEqual(genesis.mine(), example["nonce"])
            self.assertEqual(genesis.pow(example["nonce"]),
                             example["pow_hash"])

    def test_transactions(self):
        genesis = Genesis(self.files["full"])
        for example in self.signed():
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

    def test_signatures_within_operations(self):
        genesis = Genesis(self.files["full"])
        counts = []
        for example in self.vectors["operations"]:
            op = check_form(unhex(example["full"]))
            self.assertEqual([to_sign(genesis.id, body).hex()
                              for _, to_sign, body, _ in op.further],
                             example["digests"])
            for key, to_sign, body, signature in op.further:
                self.assertTrue(is_good_ed25519(
                    key[12:], to_sign(genesis.id, body), signature))
            counts.append(len(op.further))
        self.assertEqual(counts, [1, 0, 2])

    def test_blocks(self):
        genesis = Genesis(self.files["full"])
        state, reward = genesis.state, genesis.reward
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
