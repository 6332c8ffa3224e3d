# SPDX-License-Identifier: MIT
"""A transaction that is wrong is refused with its code, its field and words
that say what was found and expected; the state stays, and the next good one
goes into a block. The same transaction, written in other ways, is known."""
import base64
import json
import os

import lib
import wire

B = "22" * 20
MOST = 2**53 - 1
INTEGER = "expected an integer from 0 to 9007199254740991"
JSON = {"Content-Type": "application/json"}
MSGPACK = {"Content-Type": "application/msgpack"}


class Ledger:
    """A node, an account with money, and another one with some."""

    def __init__(self, case, node, rich):
        self.case = case
        self.node = node
        self.rich = rich
        self.genesis = node.chain_id()
        self.nonce = 0
        self.height = 0
        self.turn = 0
        self.connection = node.connect()
        self.poor = wire.Account("ed25519")  # its first one was never seen
        self.other = wire.Account("ed25519")
        case.addCleanup(self.connection.close)
        self.good()
        self.good(to=self.poor.address, amount=1000)

    def tx(self, nonce=None, to=B, amount=1, sender=None, genesis=None, **kw):
        nonce = self.nonce if nonce is None else nonce
        return wire.Tx(sender or self.rich, nonce, to, amount, **kw).sign(
            genesis or self.genesis)

    def object(self, change=None, **kw):
        """A good one as JSON, with changes; None leaves a field out."""
        o = self.tx(**kw).object()
        for name, value in (change or {}).items():
            if value is None:
                del o[name]
            else:
                o[name] = value
        return o

    def request(self, method, path, body, headers):
        return self.node.request(method, path, body, headers,
                                 connection=self.connection)

    def good(self, **kw):
        """The next one of rich, until it is in a block."""
        r = self.request("POST", "/v1/txs?wait=block",
                         json.dumps(self.tx(**kw).object()), JSON)
        self.case.assertEqual(r.status, 200, r)
        self.nonce += 1
        self.height = r.json()["height"]

    def state(self):
        r = self.request("GET", "/v1/status", None, {})
        status = r.json()
        return status["state_root"], status["height"], status["mempool"]

    def push(self, body, headers):
        """By each door in turn: they are one."""
        self.turn += 1
        method, path = (("POST", "/pushtx"), ("PUT", "/pushtx"),
                        ("POST", "/v1/txs"))[self.turn % 3]
        return self.request(method, path, body, headers)

    def refused(self, name, body, headers, status, code, field, *words):
        with self.case.subTest(name):
            before = self.state()
            r = self.push(body, headers)
            problem = self.case.assert_problem(r, status, code)
            self.case.assertEqual(problem.get("field", ""), field, r)
            for word in words:
                self.case.assertIn(word, problem["detail"])
            self.case.assertEqual(self.state(), before)
            self.good()


# One changed value of a JSON object:
# (field, value or None for without, status, code, words of the detail).
# A value of bytes is JSON text as it stands.
FIELDS = (
    ("signature", None, 422, "signature_required", "base64"),
    ("signature", "", 422, "signature_required", "base64"),
    ("signature", "AAAA", 422, "bad_signature", "3 bytes, expected 256"),
    ("signature", base64.b64encode(bytes(256)).decode(), 422,
     "bad_signature", "does not fit"),
    ("signature", base64.b64encode(bytes(64)).decode(), 422,
     "bad_signature", "64 bytes, expected 256"),
    ("signature", "!!", 400, "malformed", '"!!", expected base64'),
    ("signature", 5, 400, "wrong_type", "signature is 5, expected base64"),
    ("amount", 2, 422, "bad_signature", "this chain"),
    ("amount", None, 400, "missing_field", "amount is missing"),
    ("amount", "1", 400, "wrong_type", '"1", ' + INTEGER),
    ("amount", b"1.0", 400, "wrong_type", "the real number 1, " + INTEGER),
    ("amount", b"1e0", 400, "wrong_type", "the real number 1, " + INTEGER),
    ("amount", b"1e30", 400, "wrong_type", "1e+30, " + INTEGER),
    ("amount", b"1e400", 422, "amount_overflow", INTEGER),
    ("amount", True, 400, "wrong_type", "true, " + INTEGER),
    ("amount", b"null", 400, "wrong_type", "null, " + INTEGER),
    ("amount", [1], 400, "wrong_type", "an array, " + INTEGER),
    ("amount", -1, 400, "out_of_range", "-1, " + INTEGER),
    ("amount", 2**53, 422, "amount_overflow", f"{2**53}, " + INTEGER),
    ("amount", 2**64, 422, "amount_overflow", f"{2**64}', " + INTEGER),
    ("amount", 10**30, 422, "amount_overflow", INTEGER),
    ("amount", -2**70, 400, "out_of_range", INTEGER),
    ("fee", "1", 400, "wrong_type", '"1", ' + INTEGER),
    ("fee", b"0.5", 400, "wrong_type", "the real number 0.5, " + INTEGER),
    ("fee", -1, 400, "out_of_range", "-1, " + INTEGER),
    ("fee", 2**53, 422, "amount_overflow", INTEGER),
    ("number", None, 400, "missing_field", "number is missing"),
    ("number", "1", 400, "wrong_type", '"1", ' + INTEGER),
    ("number", -1, 400, "out_of_range", INTEGER),
    ("number", 2**53, 400, "out_of_range", INTEGER),
    ("nonce", 12345, 400, "malformed", "nonce is 12345, expected the same"),
    ("valid_until", -1, 400, "out_of_range", INTEGER),
    ("valid_until", 2**53, 400, "out_of_range", INTEGER),
    ("valid_until", "5", 400, "wrong_type", INTEGER),
    ("to", None, 400, "missing_field", "to is missing"),
    ("to", "zz", 400, "bad_address", '"zz", expected an address of 40 hex'),
    ("to", B[1:], 400, "bad_address", "expected an address of 40 hex"),
    ("to", B + "2", 400, "bad_address", "expected an address of 40 hex"),
    ("to", "", 400, "bad_address", '"", expected an address of 40 hex'),
    ("to", "0x" + B[2:], 400, "bad_address", "expected an address"),
    ("to", 7, 400, "wrong_type", "7, expected an address"),
    ("to", "33" * 20, 422, "bad_signature", "this chain"),
    ("from", None, 400, "missing_field", "from is missing"),
    ("from", "zz", 400, "bad_address", '"zz", expected an address'),
    ("public_key", 5, 400, "wrong_type", "5, expected base64"),
    ("public_key", "AAAA", 400, "bad_public_key", "SubjectPublicKeyInfo"),
    ("data", 5, 400, "wrong_type", "5, expected a string"),
    ("data", "x" * 5000, 413, "too_big", "5000 bytes", "4096"),
    ("data", "other", 422, "bad_signature", "this transaction"),
    ("data", b'"a\\u0000b"', 400, "malformed", "\\u0000 is not allowed"),
    ("data_base64", "AA==", 400, "duplicate_field", "both given"),
    ("amuont", 1, 400, "unknown_field", "expected number from to amount"),
    ("id", "zz", 400, "bad_hash", '"zz", expected 64 hex digits'),
    ("id", 5, 400, "wrong_type", "expected 64 hex digits"),
    ("id", "00" * 32, 422, "id_mismatch", "on this chain"),
)
# The field of a fault is the one changed, but for these.
BLAMED = {("amount", "bad_signature"): "signature",
          ("to", "bad_signature"): "signature",
          ("data", "bad_signature"): "signature"}


def spell(o, field, value):
    """The object as JSON text with this value in it."""
    if isinstance(value, bytes):
        return json.dumps({**o, field: "@@"}).replace(
            '"@@"', value.decode())
    return json.dumps({**o, field: value})


# Whole bodies: (name, text from the text of a good one, status, code, field,
# words).
BODIES = (
    ("empty", lambda s: "", 400, "malformed", "", "empty"),
    ("truncated", lambda s: s[:-20], 400, "malformed", "", "line 1"),
    ("one byte short", lambda s: s[:-1], 400, "malformed", "", "end of"),
    ("more behind it", lambda s: s + "x", 400, "malformed", "",
     "end of file expected near 'x'"),
    ("a field twice", lambda s: s[:-1] + ', "amount": 1}', 400,
     "duplicate_field", "amount", "once"),
    ("deep", lambda s: "[" * 10000, 400, "malformed", "",
     "nested too deeply, expected at most 64"),
    ("deep and closed", lambda s: "[" * 10000 + "]" * 10000, 400,
     "malformed", "", "nested too deeply, expected at most 64"),
    ("deep objects", lambda s: '{"a":' * 10000 + "1" + "}" * 10000, 400,
     "malformed", "", "nested too deeply, expected at most 64"),
    ("null", lambda s: "null", 400, "wrong_type", "", "expected an object"),
    ("a number", lambda s: "5", 400, "wrong_type", "", "expected an object"),
    ("a string", lambda s: '"x"', 400, "malformed", "", "line 1"),
    ("JSON in JSON in JSON", lambda s: json.dumps(json.dumps(s)), 400,
     "wrong_type", "", "expected an object"),
    ("single quotes", lambda s: s.replace('"', "'"), 400, "malformed", "",
     "line 1"),
    ("not UTF-8", lambda s: s.encode().replace(b"data", b"\xff"), 400,
     "malformed", "", "UTF-8"),
    ("a form", lambda s: "tx=" + s, 400, "malformed", "", "line 1"),
    ("array of 1001", lambda s: f"[{','.join([s] * 1001)}]", 413, "too_big",
     "", "1001 transactions; expected at most 1000"),
)
# msgpack: (name, bytes from those of a good one, status, code, field, words).
RAW = (
    ("empty", lambda b: b"", 400, "malformed", "", "empty"),
    ("truncated", lambda b: b[:-1], 400, "malformed", "",
     "[body, public key, signature]"),
    ("a byte behind", lambda b: b + b"\0", 400, "malformed", "",
     "[body, public key, signature]"),
    ("longer integer", lambda b: b.replace(b"\x97\x01", b"\x97\xcc\x01", 1),
     400, "not_canonical", "", "shortest form"),
    ("longer array", lambda b: b"\xdc\x00\x03" + b[1:], 400,
     "not_canonical", "", "shortest form"),
    ("longer bin", lambda b: b.replace(b"\xc4\x14", b"\xc5\x00\x14", 1), 400,
     "not_canonical", "", "shortest form"),
    ("str for bin", lambda b: b.replace(b"\xc4\x14", b"\xd9\x14", 1), 400,
     "malformed", "", "canonical msgpack"),
    ("map", lambda b: b"\x83" + b[1:], 400, "malformed", "",
     "canonical msgpack"),
    ("nil", lambda b: b"\xc0", 400, "malformed", "", "canonical msgpack"),
    ("float", lambda b: b"\xcb" + b"\0" * 8, 400, "malformed", "",
     "canonical msgpack"),
    ("negative integer", lambda b: b.replace(b"\x97\x01", b"\x97\xff", 1),
     400, "malformed", "", "canonical msgpack"),
    ("version 2", lambda b: b.replace(b"\x97\x01", b"\x97\x02", 1), 422,
     "unsupported_version", "version", "2, expected 1"),
    ("operation 3", lambda b: b.replace(b"\x91\x93\x00", b"\x91\x93\x03", 1),
     422, "unsupported_operation", "operations", "3, expected 0"),
    ("no operation", lambda b: b[:b.index(b"\x91\x93\x00")] + b"\x90" +
     b[b.index(b"\x91\x93\x00") + 25:], 422, "unsupported_operation",
     "operations", "exactly one"),
    ("JSON", lambda b: b"{}", 400, "malformed", "", "canonical msgpack"),
    ("deep", lambda b: b"\x91" * 10000, 400, "malformed", "",
     "transaction 1 of 1"),
    ("a length that lies", lambda b: b"\xdd\xff\xff\xff\xff" + b, 413,
     "too_big", "", "4294967295 transactions; expected at most 1000"),
    ("a bin that lies", lambda b: b"\x93\xc6\xff\xff\xff\xff" + b, 400,
     "malformed", "", "canonical msgpack"),
    ("array of 1001", lambda b: b"\xdc\x03\xe9" + b * 1001, 413, "too_big",
     "", "1001 transactions; expected at most 1000"),
    ("array and a byte", lambda b: b"\x91" + b + b"\0", 400, "malformed", "",
     "bytes follow the array of 1"),
    ("array with a map", lambda b: b"\x92" + b + b"\x80", 400, "malformed",
     "", "transaction 2 of 2"),
    ("longer array of them", lambda b: b"\xdc\x00\x01" + b, 400,
     "not_canonical", "", ""),
)


class BadTx(lib.Case):
    limit = 120

    def ledger(self):
        # An RSA key: two signatures of one body differ.
        data = self.path("data")
        self.run_program("ccoin", "-d", data, "create-account")
        n = self.dev(datadir=data)
        return Ledger(self, n, wire.Account.load(os.path.join(
            n.datadir, "keys", n.account + ".pem")))

    def test_each_field_of_json(self):
        c = self.ledger()
        for field, value, status, code, *words in FIELDS:
            o = c.object()
            if value is None:
                del o[field]
                body = json.dumps(o)
            else:
                if field == "data_base64":
                    o["data"] = ""
                body = spell(o, field, value)
            c.refused(f"{field}: {str(value)[:40]}", body, JSON, status, code,
                      BLAMED.get((field, code), field), *words)

    def test_whole_bodies_of_json(self):
        c = self.ledger()
        for name, make, *rest in BODIES:
            c.refused(name, make(json.dumps(c.object())), JSON, *rest)
        text = json.dumps(c.object())
        for kind in ("application/xml", "application/jsonp",
                     "multipart/form-data; boundary=x",
                     "application/x-msgpack", "application/octet-stream"):
            c.refused(kind, text, {"Content-Type": kind}, 415,
                      "unsupported_media_type", "Content-Type", kind,
                      "expected application/json or application/msgpack")
        # What those who do not say their type mean.
        for kind in ({}, {"Content-Type": "application/json; charset=utf-8"},
                     {"Content-Type": "application/x-www-form-urlencoded"},
                     {"Content-Type": "APPLICATION/JSON"}):
            r = c.push(json.dumps(c.object()), kind)
            self.assertEqual(r.status, 202, r)
            c.nonce += 1
        r = c.push(json.dumps(json.dumps(c.object())), JSON)
        self.assertEqual(r.status, 202, r)

    def test_msgpack(self):
        c = self.ledger()
        for name, make, *rest in RAW:
            c.refused(name, make(c.tx().raw()), MSGPACK, *rest)

    def test_signatures(self):
        c = self.ledger()
        for fit, make in ((JSON, lambda tx: tx.json()),
                          (MSGPACK, lambda tx: tx.raw())):
            def refused(name, tx, *rest, fit=fit, make=make):
                c.refused(name, make(tx), fit, *rest)
            tx = c.tx()
            tx.signature = b""
            refused("unsigned", tx, 422, "signature_required", "signature",
                    "expected")
            tx = c.tx(sender=c.other)
            tx.sender = c.rich
            tx.key = b""
            refused("another key's, shorter", tx, 422, "bad_signature",
                    "signature", "64 bytes, expected 256")
            tx = c.tx()
            tx.signature = wire.Account("rsa").sign(bytes.fromhex(
                tx.id(c.genesis)))
            refused("another key's", tx, 422, "bad_signature", "signature",
                    "the sender's key")
            refused("of another chain", c.tx(genesis=bytes(32)), 422,
                    "bad_signature", "signature", "this chain")
            tx = c.tx()
            flipped = bytearray(tx.signature)
            flipped[100] ^= 1
            tx.signature = bytes(flipped)
            refused("one bit", tx, 422, "bad_signature", "signature",
                    "does not fit")

    def test_the_same_body_with_another_signature(self):
        c = self.ledger()
        stranger = wire.Account("rsa")
        # Behind a gap: it waits in the pool. Then in a block.
        waiting = c.tx(nonce=c.nonce + 1)
        self.assertEqual(c.push(waiting.json(), JSON).json()["status"],
                         "queued")
        for place in "pool", "block":
            first = waiting.signature
            again = c.tx(nonce=waiting.nonce)
            self.assertNotEqual(again.signature, first)
            self.assertEqual(again.id(c.genesis), waiting.id(c.genesis))
            for body, kind in ((waiting.json(), JSON), (again.json(), JSON),
                               (waiting.raw(), MSGPACK),
                               (again.raw(), MSGPACK)):
                before = c.state()
                r = c.push(body, kind)
                self.assertEqual(r.status, 200, (place, r))
                self.assertEqual(r.json()["id"], waiting.id(c.genesis))
                self.assertEqual(c.state(), before)
            again.signature = stranger.sign(bytes.fromhex(
                again.id(c.genesis)))
            before = c.state()
            for body, kind in ((again.json(), JSON), (again.raw(), MSGPACK)):
                self.assert_problem(c.push(body, kind), 422, "bad_signature")
            self.assertEqual(c.state(), before)
            if place == "pool":
                c.good()
                c.nonce = waiting.nonce + 1
                lib.until(lambda: c.node.get(
                    "/confirmations?transaction_id=" +
                    waiting.id(c.genesis)).json() >= 1)

    def test_what_the_ledger_does_not_allow(self):
        c = self.ledger()
        for fit, make in ((JSON, lambda tx: tx.json()),
                          (MSGPACK, lambda tx: tx.raw())):
            def refused(name, status, code, field, *words, fit=fit,
                        make=make, change=None, **kw):
                tx = c.tx(**kw)
                for key, value in (change or {}).items():
                    setattr(tx, key, value)
                c.refused(name, make(tx), fit, status, code, field, *words)
            refused("nonce too low", 422, "nonce_too_low", "number",
                    "1 was used already", f"next is {c.nonce}", nonce=1)
            refused("beyond the gap", 422, "nonce_gap", "number",
                    f"{c.nonce + 64} is too far ahead", "64 are taken",
                    nonce=c.nonce + 64)
            refused("far beyond it", 422, "nonce_gap", "number",
                    nonce=MOST)
            balance = c.node.balance(c.rich.address)
            refused("more than there is", 422, "insufficient_balance",
                    "amount", f"amount {balance + 1} and fee 0",
                    f"the balance is {balance}", amount=balance + 1)
            balance = c.node.balance(c.rich.address)
            refused("with the fee", 422, "insufficient_balance", "amount",
                    f"amount {balance} and fee 1", amount=balance, fee=1)
            refused("a sum that overflows", 422, "amount_overflow", "amount",
                    f"amount {MOST} and fee 1", amount=MOST, fee=1)
            refused("expired", 422, "expired", "valid_until",
                    "1 has passed", f"next block is {c.height + 1}",
                    valid_until=1)
            refused("expired by one", 422, "expired", "valid_until",
                    valid_until=c.height)
            refused("too big", 413, "too_big", "", "4097 bytes", "4096",
                    data=bytes(4097 - len(c.tx(data=bytes(300)).raw()) + 300))
        # The last that fits, of each, is taken.
        c.good(valid_until=c.height + 1)
        c.good(data=bytes(4096 - len(c.tx(data=bytes(300)).raw()) + 300))
        r = c.push(c.tx(nonce=c.nonce + 63).raw(), MSGPACK)
        self.assertEqual((r.status, r.json()["status"]), (202, "queued"), r)

    def test_keys(self):
        c = self.ledger()
        poor = {"sender": c.poor, "to": B}
        first = c.tx(nonce=0, **poor)
        for fit, make in ((JSON, lambda tx: tx.json()),
                          (MSGPACK, lambda tx: tx.raw())):
            tx = c.tx(nonce=0, **poor)
            tx.key = b""
            c.refused("first without its key", make(tx), fit, 422,
                      "public_key_required", "public_key", "nonce is 0")
            tx = c.tx(nonce=0, **poor)
            tx.key = c.other.spki
            c.refused("first with another's", make(tx), fit, 422,
                      "wrong_public_key", "public_key",
                      f"belongs to {c.other.address}")
            tx = c.tx(nonce=0, **poor)
            tx.key = c.other.spki[:-1]
            c.refused("first with what is no key", make(tx), fit, 400,
                      "bad_public_key", "public_key", "SubjectPublicKeyInfo")
            # In plain sight, but neither good for another nor for later.
            tx = c.tx(nonce=1, **poor)
            c.refused("later, and the first was never seen", make(tx), fit,
                      422, "nonce_gap", "number", "first transaction")
        r = c.push(first.json(), JSON)
        self.assertEqual(r.status, 202, r)
        lib.until(lambda: c.node.get("/confirmations?transaction_id=" +
                                     first.id(c.genesis)).json() >= 1)
        later = c.tx(nonce=1, **poor)
        later.key = c.other.spki
        c.refused("later with another's", later.json(), JSON, 422,
                  "wrong_public_key", "public_key",
                  f"belongs to {c.other.address}")
        c.refused("later with another's", later.raw(), MSGPACK, 422,
                  "public_key_unexpected", "public_key", "nonce is 1")
        later.key = c.poor.spki
        c.refused("later with its own", later.raw(), MSGPACK, 422,
                  "public_key_unexpected", "public_key", "nonce is 1")
        # In JSON its own is dropped.
        r = c.push(later.json(), JSON)
        self.assertEqual(r.status, 202, r)
        later.key = b""
        self.assertEqual(r.json()["id"], later.id(c.genesis))

    def test_one_bad_among_good_ones(self):
        c = self.ledger()
        objects = [c.object(nonce=c.nonce),
                   c.object({"amount": "1"}, nonce=c.nonce + 1),
                   5,
                   c.object(nonce=c.nonce + 1),
                   c.object({"amount": 7}, nonce=c.nonce + 2),
                   c.object(nonce=0, amount=9),
                   c.object(nonce=c.nonce + 2)]
        raws = [c.tx(nonce=c.nonce + 3).raw(),
                c.tx(nonce=c.nonce + 4).raw().replace(b"\x97\x01",
                                                      b"\x97\x02", 1),
                c.tx(nonce=c.nonce + 4, genesis=bytes(32)).raw(),
                c.tx(nonce=c.nonce + 4).raw()]
        for body, kind, codes in (
                (json.dumps(objects), JSON,
                 [None, "wrong_type", "wrong_type", None, "bad_signature",
                  "nonce_too_low", None]),
                (wire.pack([wire.Raw(raw) for raw in raws]), MSGPACK,
                 [None, "unsupported_version", "bad_signature", None])):
            r = c.push(body, kind)
            self.assertEqual(r.status, 200, r)
            answers = r.json()
            self.assertEqual([a.get("code") for a in answers], codes)
            for answer, code in zip(answers, codes):
                if code:
                    self.assertEqual(answer["status"], "refused")
                    self.assertTrue(answer["detail"])
                else:
                    self.assertEqual(answer["status"], "pending")
                    self.assertNotIn("detail", answer)
        self.assertEqual(
            (answers[1]["field"], answers[2]["field"]),
            ("version", "signature"))
        c.nonce += 5
        c.good()
        self.assertEqual(c.node.balance(B), 1 + 5 + 1)

    def test_empty_arrays(self):
        c = self.ledger()
        for body, kind in (("[]", JSON), (b"\x90", MSGPACK)):
            before = c.state()
            r = c.push(body, kind)
            self.assertEqual((r.status, r.json()), (200, []), r)
            self.assertEqual(c.state(), before)

    def test_bodies_over_the_limit(self):
        c = self.ledger()
        # The length alone is enough to refuse it; nothing has to be sent.
        for path in "/pushtx", "/v1/txs":
            for size in (4 << 20) + 1, 1 << 40:
                before = c.state()
                connection = c.node.connect()
                connection.putrequest("POST", path)
                connection.putheader("Content-Length", str(size))
                connection.endheaders()
                r = connection.getresponse()
                self.assertEqual(r.status, 413)
                problem = json.loads(r.read())
                self.assertEqual(problem["code"], "too_big")
                self.assertIn("4194304 bytes", problem["detail"])
                connection.close()
                self.assertEqual(c.state(), before)
                c.good()
        # What is just below is read.
        c.refused("4 MiB of blanks", b"[" + b" " * ((4 << 20) - 1), JSON, 400,
                  "malformed", "", "no end")
        # But no single transaction needs so much text.
        c.refused("64 KiB of blanks", b" " * (64 << 10), JSON, 400,
                  "malformed", "", "line 1")
        c.refused("more than 64 KiB", b" " * ((64 << 10) + 1), JSON, 413,
                  "too_big", "", "65537 bytes")

    def test_rules_of_the_chain(self):
        data = self.path("data")
        account = self.run_program("ccoin", "-d", data,
                                   "create-account").stdout.strip()
        file = self.write("genesis.json", {
            "network_id": 1, "miners": [account], "min_fee": 5,
            "max_tx_bytes": 700, "alloc": {account: {"balance": 10**6}}})
        n = self.node("--genesis", file, "--validator", "--account", account,
                      datadir=data).start()
        rich = wire.Account.load(
            os.path.join(data, "keys", account + ".pem"))
        genesis = n.chain_id()
        before = n.status()["state_root"]
        for fit, make in ((JSON, lambda tx: tx.json()),
                          (MSGPACK, lambda tx: tx.raw())):
            for fee in 0, 4:
                tx = wire.Tx(rich, 0, B, 1, fee=fee).sign(genesis)
                problem = self.assert_problem(
                    n.post("/pushtx", make(tx), headers=fit), 422,
                    "fee_too_low")
                self.assertEqual(problem["field"], "fee")
                self.assertIn(f"{fee}, expected at least 5",
                              problem["detail"])
            tx = wire.Tx(rich, 0, B, 1, fee=5, data=bytes(100)).sign(genesis)
            problem = self.assert_problem(
                n.post("/pushtx", make(tx), headers=fit), 413, "too_big")
            self.assertIn(f"{len(tx.raw())} bytes, expected at most 700",
                          problem["detail"])
        self.assertEqual(n.status()["state_root"], before)
        tx = wire.Tx(rich, 0, B, 1, fee=5).sign(genesis)
        r = n.post("/v1/txs?wait=block", tx.object())
        self.assertEqual(r.status, 200, r)
        # To replace what waits takes a tenth more.
        n.restart()
        for fee, status in (20, 202), (21, 422), (22, 202):
            tx = wire.Tx(rich, 2, B, fee, fee=fee).sign(genesis)
            r = n.push(tx)
            self.assertEqual(r.status, status, r)
            if status == 422:
                problem = self.assert_problem(r, 422,
                                              "replacement_fee_too_low")
                self.assertEqual(problem["field"], "fee")
                self.assertIn("at least 22", problem["detail"])


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin"))
