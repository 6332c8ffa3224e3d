# SPDX-License-Identifier: MIT
"""A genesis file that is wrong in one place is refused by both programs that
read one, in words that say the place, what stands there and what may; it
leaves nothing behind, so the mended file works in the same directory."""
import base64
import json
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import lib

A = "ab" * 20
B = "cd" * 20
BALANCE = f"alloc.{A}.balance"
MOST = 2**53 - 1


def good():
    """Every field that there is, with a value that may be there."""
    return {
        "network_id": "bad input",
        "miners": [A],
        "block_mining": {
            "interval": 1, "max_bound": 100, "min_bound": 10, "reward": 5,
            "difficulty": 0, "allow_empty": False,
            "placeholder_data": ["rnd", 15]},
        "transaction": {"placeholder_data": ["predef", "x"]},
        "max_peers": 0,
        "genesis_block": {
            "coinbase": B, "coinbase_reward": 1, "difficulty": 0, "time": 0},
        "alloc": {A: {"balance": 1000}},
        "consensus": {"engine": "poa", "slot_ms": 100},
        "new_address_balance": 0,
        "confirmations": 6,
        "min_fee": 0,
        "max_tx_bytes": 4096,
        "max_block_bytes": 100000,
    }


def changed(path, value):
    """The text of a good file but for the value at path; None: without."""
    root = good()
    *way, last = path.split(".")
    at = root
    for name in way:
        at = at[name]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return json.dumps(root)


def twice(path):
    """The text of a good file that has the field at path a second time."""
    *way, last = path.split(".")
    at = good()
    for name in way:
        at = at[name]
    # json.dumps cannot repeat a key: a name of its own becomes the first one.
    mark = "second time"
    root = json.loads(changed(".".join([*way, mark]), at[last]))
    return json.dumps(root).replace(json.dumps(mark), json.dumps(last))


def with_json(path, text):
    """changed(), for a value that json.dumps would not write."""
    return changed(path, "@@").replace('"@@"', text)


# Integers: the field, the least and the most.
INTEGERS = (
    ("block_mining.interval", 0, 366 * 86400),
    ("block_mining.max_bound", 1, 100000),
    ("block_mining.min_bound", 1, 100000),
    ("block_mining.reward", 0, MOST),
    ("block_mining.difficulty", 0, 16),
    ("max_peers", 0, 1000000),
    ("genesis_block.coinbase_reward", 0, MOST),
    ("genesis_block.difficulty", 0, 16),
    ("genesis_block.time", 0, MOST),
    (BALANCE, 0, MOST),
    ("consensus.slot_ms", 1, 86400000),
    ("new_address_balance", 0, MOST),
    ("confirmations", 1, 1000000),
    ("min_fee", 0, MOST),
    ("max_tx_bytes", 512, 4096),
    ("max_block_bytes", 4608, 2097152),
)
AMOUNTS = ("block_mining.reward", "genesis_block.coinbase_reward", BALANCE,
           "new_address_balance", "min_fee")


def integer_cases():
    """(text, code, words that must be said)."""
    for path, least, most in INTEGERS:
        over = "amount_overflow" if path in AMOUNTS else "out_of_range"
        want = f"expected an integer from {least} to {most}"
        yield with_json(path, "-1"), "out_of_range", (path, "-1", want)
        if least:
            yield with_json(path, "0"), "out_of_range", (path, "0", want)
        yield with_json(path, str(most + 1)), over, (
            path, str(most + 1), want)
        yield with_json(path, "1" + "0" * 30), over, (path, "too big")
        yield with_json(path, '"1"'), "wrong_type", (path, '"1"', want)
        yield with_json(path, "1.0"), "wrong_type", (
            path, "the real number 1", want)
        yield with_json(path, "null"), "wrong_type", (path, "null", want)
        yield twice(path), "duplicate_field", (path,)


# (path, JSON text, code, words besides the path)
VALUES = (
    ("network_id", '""', "out_of_range", ('""', "1 to 64 bytes")),
    ("network_id", f'"{"x" * 65}"', "out_of_range", ("1 to 64 bytes",)),
    ("network_id", '"a\\nb"', "out_of_range", ("1 to 64 bytes",)),
    ("network_id", "-1", "out_of_range", ("-1", "a text of 1 to 64")),
    ("network_id", "true", "wrong_type", ("true", "a text of 1 to 64")),
    ("network_id", "1.5", "wrong_type", ("the real number 1.5", "a text")),
    ("miners", f'"{A}"', "wrong_type", (A, "an array of addresses")),
    ("miners", "[]", "out_of_range", ("0 addresses", "1 to 1000")),
    ("miners", json.dumps([f"{i:040x}" for i in range(1001)]),
     "out_of_range", ("1001 addresses", "1 to 1000")),
    ("miners", '["xyz"]', "bad_address",
     ("miners[0]", '"xyz"', "40 hex digits")),
    ("miners", f'["{A}", 7]', "wrong_type",
     ("miners[1]", "7", "40 hex digits")),
    ("miners", f'["{A}", "{A.upper()}"]', "duplicate_field",
     ("miners[1]", A, "miners[0]", "once")),
    ("block_mining", "[]", "wrong_type", ("an array", "an object")),
    ("transaction", "1", "wrong_type", ("1", "an object")),
    ("genesis_block", '"x"', "wrong_type", ('"x"', "an object")),
    ("consensus", "null", "wrong_type", ("null", "an object")),
    ("block_mining.allow_empty", "1", "wrong_type", ("1", "true or false")),
    ("block_mining.placeholder_data", '"rnd"', "wrong_type",
     ('"rnd"', '["rnd", 1 to 256]')),
    ("block_mining.placeholder_data", '["rnd", 0]', "out_of_range",
     ("0", '["rnd", 1 to 256]')),
    ("block_mining.placeholder_data", '["rnd", -1]', "out_of_range",
     ("-1", '["rnd", 1 to 256]')),
    ("block_mining.placeholder_data", '["rnd", 257]', "out_of_range",
     ("257", '["rnd", 1 to 256]')),
    ("block_mining.placeholder_data", '["rnd", "9"]', "wrong_type",
     ('"9"', '["rnd", 1 to 256]')),
    ("block_mining.placeholder_data", '["rnd"]', "out_of_range",
     ('["rnd", 1 to 256]',)),
    ("transaction.placeholder_data", '["random", 5]', "out_of_range",
     ('"random"', '["rnd", 1 to 256]')),
    ("transaction.placeholder_data", '["predef", 5]', "wrong_type",
     ("5", '["predef", a text')),
    ("transaction.placeholder_data", f'["predef", "{"x" * 257}"]',
     "out_of_range", ("xxxx", "at most 256 bytes")),
    ("genesis_block.coinbase", "0", "wrong_type", ("0", "40 hex digits")),
    ("genesis_block.coinbase", f'"{A}0"', "bad_address",
     (A, "40 hex digits")),
    ("alloc", "[]", "wrong_type", ("an array", "an object")),
    (f"alloc.{A}", "5", "wrong_type", ("5", '{"balance": N}')),
    (f"alloc.{A}", "{}", "missing_field", ("balance", "missing")),
    ("alloc.xyz", '{"balance": 1}', "bad_address",
     ('"xyz"', "40 hex digits")),
    ("consensus.engine", '"poet"', "out_of_range",
     ('"poet"', '"poa" or "bft"')),
    ("consensus.engine", '"pow"', "out_of_range",
     ('"pow"', '"poa"', "not built")),
    ("consensus.engine", "0", "wrong_type", ("0", '"poa"')),
    ("block_mining.min_bound", "101", "out_of_range",
     ("101", "at most max_bound", "100")),
    ("max_block_bytes", "5000", "out_of_range",
     ("5000", "at least max_tx_bytes", "8192")),
    # Not known, with what was probably meant.
    ("netwrok_id", "1", "unknown_field", ("did you mean network_id?",)),
    ("block_mining.max_bond", "1", "unknown_field",
     ("did you mean block_mining.max_bound?",)),
    ("interval", "1", "unknown_field",
     ("did you mean block_mining.interval?",)),
    ("transaction.data", "1", "unknown_field", ("placeholder_data",)),
    ("genesis_block.reward", "1", "unknown_field", ("genesis_block",)),
    ("consensus.validators", "[]", "unknown_field", ('"bft"', '"poa"')),
    (f"alloc.{A}.nonce", "1", "unknown_field", ("expected balance alone",)),
)
DUPLICATES = ("network_id", "miners", "block_mining", "transaction",
              "genesis_block", "alloc", "consensus",
              "block_mining.allow_empty", "block_mining.placeholder_data",
              "transaction.placeholder_data", "genesis_block.coinbase",
              f"alloc.{A}", "consensus.engine")
# What is no JSON object at all.
TEXTS = (
    ("", "malformed", ("empty", "expected JSON")),
    ("{", "malformed", ("line 1, column",)),
    ("[]", "wrong_type", ("one JSON object",)),
    (changed("miners", [A])[:-1], "malformed", ("line 1, column",)),
    (changed("miners", [A]) + "x", "malformed", ("line 1, column",)),
    ('{"network_id": 1, // a comment\n"miners": []}', "malformed",
     ("line 1, column",)),
    ("{\n" + '"a":{' * 10000, "malformed",
     ("line 2, column", "nested too deeply", "64")),
    (b'{"network_id": "\xff"}', "malformed", ("UTF-8",)),
    (b"{" + b" " * (64 << 20) + b"}", "too_big", ("at most",)),
)


def public_key(number):
    key = ed25519.Ed25519PrivateKey.from_private_bytes(
        number.to_bytes(32, "big"))
    return base64.b64encode(key.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


def bft(count=4, rest=None, **more):
    """The text of a file of engine bft with so many validators."""
    keys = [{"public_key": public_key(i + 1)} for i in range(count)]
    return json.dumps({
        "network_id": "bad input",
        "consensus": {"engine": "bft", "validators": keys, **more},
        **(rest or {})})


def bft_cases():
    """(text, code, words that must be said)."""
    field = "consensus.validators"
    for count, want in ((0, "1 to 100"), (101, "1 to 100"), (3, "at least 4")):
        yield bft(count), "out_of_range", (field, f"{count} keys", want)
    yield bft(validators={}), "wrong_type", (field, "an object", "an array")
    yield bft(validators=[7]), "wrong_type", (f"{field}[0]", "7", "an object")
    yield bft(validators=[{}]), "missing_field", (
        f"{field}[0].public_key", "missing")
    yield bft(validators=[{"public_key": "AAAA"}]), "bad_public_key", (
        f"{field}[0].public_key", '"AAAA"', "base64")
    yield bft(validators=[{"public_key": public_key(1)}] * 2), \
        "duplicate_field", (f"{field}[1].public_key", "twice", "once")
    yield bft(validators=[{"public_key": public_key(1), "power": 2}]), \
        "unknown_field", (f"{field}[0].power", "public_key alone")
    for name, least, most in (("timeout_ms", 10, 3600000),
                              ("timeout_max_ms", 10, 3600000),
                              ("max_drift", 1, 3600)):
        want = f"expected an integer from {least} to {most}"
        for value in (-1, least - 1, most + 1):
            yield bft(**{name: value}), "out_of_range", (
                f"consensus.{name}", str(value), want)
        yield bft(**{name: "1"}), "wrong_type", (
            f"consensus.{name}", '"1"', want)
    yield bft(timeout_ms=5000, timeout_max_ms=4999), "out_of_range", (
        "consensus.timeout_max_ms", "4999", "at least timeout_ms", "5000")
    yield bft(allow_few=1), "wrong_type", (
        "consensus.allow_few", "1", "true or false")
    yield bft(slot_ms=10), "unknown_field", (
        "consensus.slot_ms", '"poa"', '"bft"', "timeout_ms")
    yield bft(rest={"miners": [A]}), "out_of_range", ("miners", "none")
    yield bft(rest={"max_tx_bytes": 2047}), "out_of_range", (
        "max_tx_bytes", "2047", "at least 2048")


def cases():
    yield changed("network_id", None), "missing_field", (
        "network_id", "expected the name")
    yield changed("miners", None), "missing_field", (
        "miners", "expected the addresses")
    yield from integer_cases()
    for path, text, code, words in VALUES:
        yield with_json(path, text), code, (path, *words)
    for path in DUPLICATES:
        yield twice(path), "duplicate_field", (path,)
    yield with_json(f"alloc.{A.upper()}", '{"balance": 1}'), \
        "duplicate_field", (f"alloc.{A}", "twice", "capitals")
    yield with_json(f"alloc.{B}", f'{{"balance": {MOST}}}'), \
        "amount_overflow", ("alloc", "the sum", str(MOST))
    yield from bft_cases()
    yield from TEXTS


class BadGenesis(lib.Case):
    limit = 120

    def check_refusal(self, run, program, file, code, words):
        said = run.stderr
        self.assertEqual(run.returncode, 1, said)
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertTrue(said.startswith(f"{program}: "), said)
        self.assertTrue(said.endswith(f" ({code})\n"), said)
        # Once: a place that is said twice is harder to read.
        self.assertEqual(said.count(file), 1, said)
        self.assertNotIn(f"{words[0]}: {words[0]}", said)
        for word in words:
            self.assertIn(word, said)

    def test_each_field_in_each_wrong_way(self):
        seen = set()
        data = self.path("data")
        # One reader serves both programs: the daemon is shown every fourth.
        for number, (text, code, words) in enumerate(cases()):
            with self.subTest(number=number, code=code, words=words):
                self.assertNotIn(text, seen)
                seen.add(text)
                file = self.write("bad.json", text)
                run = self.run_program("ccoin-init", file, "-d", data,
                                       status=None)
                self.check_refusal(run, "ccoin-init", file, code, words)
                if number % 4 == 0:
                    run = self.run_program("ccoind", "--genesis", file, "-d",
                                           data, "-p", "0", status=None)
                    self.check_refusal(run, "ccoind", file, code, words)
                self.assertFalse(os.path.exists(data))
        self.assertGreater(len(seen), 150)
        # The good one works where all these were tried, as it does elsewhere.
        file = self.write("good.json", good())
        run = self.run_program("ccoin-init", file, "-d", data)
        chain = run.stdout.split("chain id: ")[1].strip()
        n = self.node(datadir=data).start()
        self.assertEqual(n.chain_id().hex(), chain)
        root = n.status()["state_root"]
        n.stop()
        # Now a bad one, or one of another chain, changes nothing.
        for text, code, words in (
                (changed("min_fee", -1), "out_of_range", ("min_fee", "-1")),
                (changed("min_fee", 1), "other_chain", (data, chain[:16]))):
            bad = self.write("bad.json", text)
            run = self.run_program("ccoind", "--genesis", bad, "-d", data,
                                   "-p", "0", status=None)
            self.check_refusal(run, "ccoind", bad, code, words)
        run = self.run_program("ccoin-init", file, "-d", data, status=1)
        self.assertIn(f"{data}: it holds chain {chain} already (exists)",
                      run.stderr)
        n.start("--genesis", file, "--genesis-hash", chain)
        self.assertEqual(n.status()["state_root"], root)

    def test_few_validators_need_the_flag_alone(self):
        for number, text in enumerate((
                bft(), bft(3, allow_few=True), bft(1, allow_few=True),
                bft(rest={"miners": []}))):
            file = self.write("good.json", text)
            run = self.run_program("ccoin-init", file, "-d",
                                   self.path(f"bft{number}"))
            self.assertIn("chain id: ", run.stdout)

    def test_a_file_that_cannot_be_read(self):
        data = self.path("data")
        for file, code, word in (
                (self.path("none.json"), "not_found", "No such file"),
                (self.dir, "io_error", "directory")):
            run = self.run_program("ccoin-init", file, "-d", data,
                                   status=None)
            self.check_refusal(run, "ccoin-init", file, code, (word,))
            run = self.run_program("ccoind", "--genesis", file, "-d", data,
                                   status=None)
            self.check_refusal(run, "ccoind", file, code, (word,))
            self.assertFalse(os.path.exists(data))


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin-init"))
