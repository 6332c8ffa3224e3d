# SPDX-License-Identifier: MIT
"""What a person types wrongly at ccoin: the exit status says what kind of
mistake it was, one line says which word and what was expected, and nothing
happens. verify finds what was spoilt, and says where."""
import os
import random
import socket
import threading

import lib
import wire

BOB = "22" * 20
AMOUNT = "expected an integer 0..9007199254740991"
WORD = ("neither an address of 40 hex digits nor a name in the address book"
        " (not_found)")
NEITHER = "expected an address of 40 hex digits or a name from the address"
NO_OPTION = "there is no such option"

# (words of the command line, what is said); all of them end with 2.
USAGE = (
    ((), "which command? Try 'ccoin --help'"),
    (("blance",), "there is no command 'blance'; the nearest is 'balance'"),
    (("Balance",), "the nearest is 'balance'"),
    (("creat-account",), "the nearest is 'create-account'"),
    (("frobnicate",), "there is no command 'frobnicate'; try 'ccoin --help'"),
    (("send",), "send: an argument is missing"),
    (("send", "5"), "send: an argument is missing"),
    (("send", "5", BOB, "x"), "send: too many arguments"),
    (("sign", "5"), "sign: an argument is missing"),
    (("name", "bob"), "name: an argument is missing"),
    (("tx",), "tx: an argument is missing"),
    (("status", "x"), "status: too many arguments"),
    (("balance", BOB, BOB), "balance: too many arguments"),
    (("verify", "x"), "verify: too many arguments"),
    (("send", "x", BOB), "AMOUNT: value x, " + AMOUNT),
    (("send", "", BOB), "AMOUNT: value"),
    (("send", "1.5", BOB), "AMOUNT: value 1.5, " + AMOUNT),
    (("send", "1e3", BOB), "AMOUNT: value 1e3, " + AMOUNT),
    (("send", "+1", BOB), "AMOUNT: value +1, " + AMOUNT),
    (("send", " 1", BOB), "AMOUNT: value  1, " + AMOUNT),
    (("send", "0x10", BOB), "AMOUNT: value 0x10, " + AMOUNT),
    (("send", "1,000", BOB), "AMOUNT: value 1,000, " + AMOUNT),
    (("send", str(2**53), BOB), f"AMOUNT: value {2**53}, " + AMOUNT),
    (("send", str(2**64), BOB), f"AMOUNT: value {2**64}, " + AMOUNT),
    (("send", "--", "-5", BOB), "AMOUNT: value -5, " + AMOUNT),
    (("send", "-5", BOB), "-5: there is no such option, and no number is"),
    (("send", "1", "zz!"), "ADDRESS: value zz!, " + NEITHER),
    (("send", "1", BOB[1:]), f"ADDRESS: value {BOB[1:]}, " + NEITHER),
    (("send", "1", BOB + "2"), f"ADDRESS: value {BOB}2, " + NEITHER),
    (("send", "1", ""), "ADDRESS: value"),
    (("send", "1", BOB, "--from", "zz!"), "ADDRESS: value zz!, " + NEITHER),
    (("balance", "a b"), "ADDRESS: value a b, " + NEITHER),
    (("history", "zz!"), "ADDRESS: value zz!, " + NEITHER),
    (("name", "bob", "zz!"), "ADDRESS: value zz!, " + NEITHER),
    (("name", "a!b", BOB), "NAME: value a!b, expected 1..32 letters"),
    (("name", BOB, BOB), f"NAME: value {BOB}, expected 1..32 letters"),
    (("name", "x" * 33, BOB), "expected 1..32 letters"),
    (("tx", "zz"), "ID: value zz, expected 64 hex digits"),
    (("tx", "12"), "ID: value 12, expected 64 hex digits"),
    (("block", "x"), "BLOCK: value x, expected a number, a hash, latest,"),
    (("balances", "xyz"), "PREFIX: value xyz, expected at most 40 hex"),
    (("balances", "a" * 41), "expected at most 40 hex digits"),
    (("--url", "ftp://x", "status"), "--url: value ftp://x, expected http:"),
    (("--url", "127.0.0.1:5000", "status"), "expected http://HOST[:PORT]"),
    (("--url", "http://x:99999", "status"), "expected http://HOST[:PORT]"),
    (("--url", "", "status"), "--url: value (empty), expected a text"),
    (("--frob", "status"), "--frob: " + NO_OPTION),
    (("status", "--frob"), "--frob: " + NO_OPTION),
    (("status", "-x"), "-x: " + NO_OPTION),
    (("status", "--jsn"), "--jsn: " + NO_OPTION + "; the nearest is --json"),
    (("status", "--fee", "1"), "--fee: " + NO_OPTION),
    (("sign", "1", BOB, "--wait", "block"), "--wait: " + NO_OPTION),
    (("status", "--port", "1"), "--port: " + NO_OPTION),
    (("send", "1", BOB, "-F"), "--fee: expected FEE after it"),
    (("send", "1", BOB, "-F", "x"), "--fee: value x, " + AMOUNT),
    (("send", "1", BOB, "-F", "-1"), "--fee: value -1, " + AMOUNT),
    (("send", "1", BOB, "--valid-until", "x"), "--valid-until: value x, "),
    (("send", "1", BOB, "--wait", "never"),
     "--wait: value never, expected one of pool, block, settled, final"),
    (("send", "1", BOB, "--wait", "block", "--timeout", "0"),
     "--timeout: value 0, expected an integer 1..300"),
    (("balance", "--confirmations", "x"), "--confirmations: value x, "),
    (("rnd", "-n", "0"), "--number: value 0, expected an integer 1..1000000"),
    (("create-account", "--type", "dsa"),
     "--type: value dsa, expected one of rsa, ed25519"),
    (("--account", "zz", "address"),
     "--account: value zz, expected an address of 40 hex digits"),
)
# What is well said and still cannot be done; these end with 1.
REFUSED = (
    (("send", "1", "bob"), "bob is " + WORD),
    (("balance", "bob"), "bob is " + WORD),
    (("history", "zz"), "zz is " + WORD),
    (("name", "bob", "alice"), "alice is " + WORD),
    (("send", "1", BOB, "--from", "alice"), "alice is " + WORD),
    (("send", "1", BOB, "--from", BOB), "(not_found)"),
    (("push", "no-such-file"), "cannot open no-such-file: No such file"),
    (("tx", "00" * 32), "(not_found)"),
    (("block", "1"), "(not_found)"),
    (("block", "11" * 32), "(not_found)"),
    (("block", "final"), "("),
    (("send", str(2**53 - 1), BOB), "(insufficient_balance)"),
    (("send", "1", BOB, "-M", "x" * 5000), "(too_big)"),
    (("-c", "no-such-file", "status"), "cannot open no-such-file"),
    (("-d", "/dev/null", "accounts"), "/dev/null"),
)
# What push is given, and what is said; these end with 1.
PUSHED = (
    ("", "it is empty, expected JSON (malformed)"),
    ("{", "line 1, column"),
    ("[" * 10000, "nested too deeply"),
    ("{}", "number: number is missing"),
    ('{"a": 1}', 'a: "a" is not a field of a transaction'),
    ("5", "expected an object or an array"),
    ('{"amount": 1, "amount": 1}', "amount: line 1"),
    ("[{}]", "number: number is missing"),
)


class BadCommand(lib.Case):
    limit = 120

    def test_each_ends_as_it_should_and_says_why(self):
        n = self.dev()
        env = {"CCOIN_DATADIR": n.datadir, "CCOIN_URL": n.url}
        before = n.status()["state_root"], os.listdir(n.datadir)
        for status, table in (2, USAGE), (1, REFUSED):
            for words, said in table:
                with self.subTest(words=words):
                    r = self.run_program("ccoin", *words, env=env,
                                         status=None)
                    self.assertEqual(r.returncode, status, r.stderr)
                    self.assertEqual(r.stdout, "")
                    first = r.stderr.splitlines()[0]
                    self.assertTrue(first.startswith("ccoin: "), first)
                    self.assertIn(said, first)
                    if status == 1:
                        self.assertRegex(first, r" \([a-z_]+\)$")
                        self.assertEqual(len(r.stderr.splitlines()), 1)
        for text, said in PUSHED:
            with self.subTest(text=text[:40]):
                r = self.run_program("ccoin", "push", env=env, stdin=text,
                                     status=1)
                self.assertEqual(r.stdout, "")
                self.assertIn(said, r.stderr)
        self.assertEqual((n.status()["state_root"], os.listdir(n.datadir)),
                         before)
        self.assertEqual(n.status()["mempool"]["transactions"], 0)
        # What is said as it should be is done.
        self.run_program("ccoin", "send", "1", BOB, "--wait", "block",
                         env=env)
        self.assertEqual(n.balance(BOB), 1)

    def test_a_wallet_without_an_account(self):
        for words in (("address",), ("balance",), ("send", "1", BOB)):
            r = self.run_program("ccoin", "-d", self.path("w"), *words,
                                 status=1)
            self.assertIn(self.path("w") + " holds no account; make one with"
                          " 'ccoin create-account'", r.stderr)
        self.assertFalse(os.path.exists(self.path("w")))

    def test_an_address_book_that_is_spoilt(self):
        path = self.write("w/wallet.json", "{")
        for text, said in (
                ("{", f"{path}: line 1"), ("[]", "expected an object"),
                ('{"default": "zz"}', "default: "),
                ('{"names": {"bob": 5}}', "names.bob: "),
                ('{"nmaes": {}}', "nmaes: ")):
            self.write("w/wallet.json", text)
            r = self.run_program("ccoin", "-d", self.path("w"), "names",
                                 status=1)
            self.assertIn(said, r.stderr)
            self.assertIn(path, r.stderr)

    def test_nobody_there(self):
        self.run_program("ccoin", "-d", self.path("w"), "create-account",
                         "--type", "ed25519")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))  # ours, and nobody listens
            url = f"http://127.0.0.1:{s.getsockname()[1]}"
            for words in (("status",), ("balance",), ("send", "1", BOB),
                          ("block",), ("push",), ("tx", "00" * 32),
                          ("history",), ("balances",), ("rnd",)):
                r = self.run_program("ccoin", "-d", self.path("w"), "--url",
                                     url, *words, stdin="{}", status=3)
                self.assertEqual(r.stdout, "")
                self.assertIn(f"{url}: cannot be reached; is the node"
                              " running? (unavailable)", r.stderr)
        r = self.run_program("ccoin", "--url", "http://host.invalid",
                             "status", status=3)
        self.assertIn("http://host.invalid: cannot be reached", r.stderr)

    def test_somebody_else_there(self):
        """Answers that are none of a node's."""
        for answer, said in (
                (b"", "cannot be reached"),
                (b"nonsense\r\n\r\n", "cannot be reached"),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n<>",
                 "http://127.0.0.1:"),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", None),
                (b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n<>", "404"),
                (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "500")):
            with self.subTest(answer=answer), socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                s.listen()

                def serve(s=s, answer=answer):
                    c, _ = s.accept()
                    c.recv(65536)
                    c.sendall(answer)
                    c.close()
                thread = threading.Thread(target=serve, daemon=True)
                thread.start()
                url = f"http://127.0.0.1:{s.getsockname()[1]}"
                r = self.run_program("ccoin", "--url", url, "status",
                                     status=None)
                thread.join()
                if said is None:
                    self.assertEqual(r.returncode, 0, r.stderr)
                else:
                    self.assertIn(r.returncode, (1, 3), r.stderr)
                    self.assertIn(said, r.stderr)
                    self.assertEqual(r.stdout, "")


class Verify(lib.Case):
    limit = 180

    def setUp(self):
        super().setUp()
        self.n = self.dev()
        rich = wire.Account.load(os.path.join(
            self.n.datadir, "keys", self.n.account + ".pem"))
        genesis = self.n.chain_id()
        self.txs = [wire.Tx(rich, i, BOB, 1, data=f"number {i}, and more")
                    .sign(genesis) for i in range(5)]
        for tx in self.txs:
            r = self.n.request("POST", "/v1/txs?wait=block", tx.object())
            self.assertEqual(r.status, 200, r)
        self.genesis = genesis
        self.blocks = self.n.get("/blockchain").json()
        self.rich = rich
        self.chain = self.n.status()
        self.balance = self.n.balance(self.n.account)
        self.n.stop()
        self.file = os.path.join(self.n.datadir, "chain", "data.mdb")
        with open(self.file, "rb") as f:
            self.content = f.read()

    def verify(self, content):
        with open(self.file, "wb") as f:
            f.write(content)
        # A crash of ours is to be seen as what it is, also by a sanitizer.
        return self.run_program(
            "ccoin", "-d", self.n.datadir, "verify", status=None,
            env={"ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0:"
                                 "handle_abort=0"})

    def spoilt(self, old, new, *words):
        """With every copy of old made new: it is found, and named."""
        with self.subTest(words=words, old=old[:20]):
            self.assertEqual(len(old), len(new))
            self.assertIn(old, self.content)
            r = self.verify(self.content.replace(old, new))
            self.assertEqual(r.returncode, 1, r.stdout)
            self.assertEqual(r.stdout, "")
            self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)
            self.assertRegex(r.stderr, r"^ccoin: .* \([a-z_]+\)\n$")
            for word in words:
                self.assertIn(word, r.stderr)

    def test_what_is_spoilt_is_named(self):
        tx, block = self.txs[2], self.blocks[3]

        def flip(b, at=0):
            b = bytearray(b)
            b[at] ^= 1
            return bytes(b)
        # In the block: a transaction, its signature, the header.
        self.spoilt(tx.data, flip(tx.data), "block 3: ")
        self.spoilt(tx.signature, flip(tx.signature, 40), "block 3: ")
        for field in "hash_state", "hash_txns":
            value = bytes.fromhex(block[field])
            self.spoilt(value, flip(value), "block 3: ")
        value = bytes.fromhex(block["id"])
        self.spoilt(value, flip(value), "block 3: ", "index by hash")
        # Who sent, wherever it says so.
        self.spoilt(self.rich.spki, flip(self.rich.spki, 30), "block 1")
        # Tables that are made from blocks.
        value = wire.pack([self.rich.raw_address, self.balance, 5])
        more = wire.pack([self.rich.raw_address, self.balance + 1, 5])
        self.spoilt(value, more, "block 5")
        # The genesis: its rules, and what it gave.
        self.spoilt(b"\xc4\x03dev", b"\xc4\x03def", "")
        # And as it was all is well.
        r = self.verify(self.content)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("all is as it must be", r.stdout)
        self.n.start()
        self.assertEqual(self.n.status()["state_root"],
                         self.chain["state_root"])

    def test_whatever_is_spoilt_it_ends_in_order(self):
        """Bits here and there, and in the heads of pages, which LMDB
        believes: said with 1, or not part of the chain any more."""
        rnd = random.Random(1)
        found = 0
        places = [rnd.randrange(len(self.content)) for _ in range(40)]
        places += [rnd.randrange(len(self.content) // 4096) * 4096 +
                   rnd.randrange(32) for _ in range(40)]
        for at in places:
            with self.subTest(at=at):
                content = bytearray(self.content)
                content[at] ^= 1 << rnd.randrange(8)
                r = self.verify(bytes(content))
                self.assertIn(r.returncode, (0, 1), r.stderr)
                if r.returncode:
                    found += 1
                    self.assertRegex(r.stderr, r"^ccoin: .* \([a-z_]+\)\n$")
                    self.assertEqual(r.stdout, "")
                else:
                    self.assertIn(self.chain["state_root"], r.stdout)
        self.assertGreater(found, 0)


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin"))
