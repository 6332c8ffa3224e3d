# SPDX-License-Identifier: MIT
"""A data directory, a port or a key that cannot be used ends the program with
a line that names it; what the directory held is still there, whole, once what
was wrong is mended."""
import contextlib
import http.client
import os
import resource
import shutil
import socket
import stat
import subprocess

import lib
import wire

IN_PLACE = "mount --bind {0} {0} && mount -o remount,ro,bind {0}"


def can_mount():
    """Whether mounts of our own are possible here."""
    return os.geteuid() == 0 and shutil.which("unshare") and \
        shutil.which("nsenter") and subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            check=False).returncode == 0


class Case(lib.Case):
    def refused(self, code, *words, args=(), program="ccoind", data=None,
                **kw):
        """It ends with 1 and one line of this."""
        if program == "ccoind":
            args = ("-p", "0", *args)
        run = self.run_program(program, "-d", data or self.data, *args,
                               status=1, **kw)
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertTrue(run.stderr.startswith(program + ": "), run.stderr)
        self.assertTrue(run.stderr.endswith(f" ({code})\n"), run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)

    def stopped_chain(self):
        """A directory with a chain of one transfer; its state root."""
        n = self.dev()
        self.data = n.datadir
        rich = wire.Account.load(os.path.join(
            self.data, "keys", n.account + ".pem"))
        tx = wire.Tx(rich, 0, "22" * 20, 5).sign(n.chain_id())
        r = n.request("POST", "/v1/txs?wait=block", tx.object())
        self.assertEqual(r.status, 200, r)
        self.root = n.status()["state_root"]
        self.chain = n.chain_id().hex()
        self.account = n.account
        n.stop()
        return n

    def still_good(self, n, *args):
        """It runs again, as it was."""
        n.start(*args)
        self.assertEqual(n.status()["state_root"], self.root)
        self.assertEqual(n.balance("22" * 20), 5)
        n.stop()
        self.run_program("ccoin", "-d", self.data, "verify")


class InUse(Case):
    def test_port(self):
        n = self.stopped_chain()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            at = f"127.0.0.1:{s.getsockname()[1]}"
            self.refused("locked", f"cannot listen on {at}",
                         "Address already in use", args=("--http", at))
        self.refused("io_error", "cannot listen on 192.0.2.1:80",
                     args=("--http", "192.0.2.1:80"))
        self.still_good(n)

    def test_data_directory_by_another_process(self):
        n = self.stopped_chain()
        file = self.write("genesis.json", {
            "network_id": 1, "miners": [self.account]})
        n.start()
        held = (os.path.join(self.data, ".lock"), f"process {n.pid}")
        self.refused("locked", *held)
        self.refused("locked", *held, args=("--dev",))
        self.refused("locked", *held, args=("--genesis", file))
        self.refused("locked", *held, program="ccoin-init", args=(file,))
        self.refused("locked", *held, program="ccoin", args=("verify",))
        self.assertEqual(n.status()["state_root"], self.root)
        n.kill()
        self.still_good(n)


class Foreign(Case):
    def test_no_chain_at_all(self):
        self.data = self.path("none")
        for words in (), ("--validator", "--account", "ab" * 20):
            self.refused("not_found", self.data, "holds no chain",
                         "ccoin-init", "--genesis FILE",
                         "--genesis-hash HEX", args=words)
            self.assertFalse(os.path.exists(self.data))
        self.refused("not_found", "no chain in " + self.data,
                     program="ccoin", args=("verify",))
        self.assertFalse(os.path.exists(self.data))
        self.node("--dev", datadir=self.data).start()

    def test_another_chain(self):
        n = self.stopped_chain()
        file = self.write("genesis.json", {
            "network_id": 1, "miners": [self.account]})
        other = "11" * 32
        self.refused("other_chain", "--genesis: ", file, self.data,
                     self.chain[:16], args=("--genesis", file))
        self.refused("other_chain", "--genesis-hash: ", self.data,
                     self.chain[:16], other[:16],
                     args=("--genesis-hash", other))
        self.refused("exists", self.data, self.chain,
                     program="ccoin-init", args=(file,))
        self.still_good(n, "--genesis-hash", self.chain)

    def test_another_format(self):
        n = self.stopped_chain()
        store = os.path.join(self.data, "chain", "data.mdb")
        with open(store, "rb") as f:
            content = f.read()
        # A leaf of LMDB has the value right behind the key.
        self.assertIn(b"format2", content)
        for found, code, words in (
                (b"format1", "foreign_format",
                 ("found format 1, expected 2", "export", "import")),
                (b"formatx", "corrupt", ("format number", "not a number")),
                (b"fermat1", "foreign_format", ("no format number",))):
            with self.subTest(found=found):
                with open(store, "wb") as f:
                    f.write(content.replace(b"format2", found))
                self.refused(code, store, *words)
                self.refused(code, store, *words, program="ccoin",
                             args=("verify",))
                with open(store, "wb") as f:
                    f.write(content)
        self.still_good(n)

    def test_no_store_of_ours(self):
        n = self.stopped_chain()
        store = os.path.join(self.data, "chain", "data.mdb")
        with open(store, "rb") as f:
            content = f.read()
        for bad, code in ((b"", None), (b"x" * 8192, "corrupt"),
                          (content[:len(content) // 2 & ~4095], "corrupt"),
                          (content[:4096], "corrupt"),
                          (b"\0" * 8192, "corrupt")):
            with self.subTest(size=len(bad)):
                with open(store, "wb") as f:
                    f.write(bad)
                if bad:
                    self.refused(code, store)
                    self.refused(code, store, program="ccoin",
                                 args=("verify",))
                else:
                    self.refused("not_found", self.data, "holds no chain")
        with open(store, "wb") as f:
            f.write(content)
        self.still_good(n)


class NotWritable(Case):
    def take_rights(self, owner=None):
        """Nobody may write in the directory; what undoes it."""
        was = [(path, os.stat(path)) for top, _, names in os.walk(self.data)
               for path in (top, *(os.path.join(top, n) for n in names))]

        def undo():
            for path, st in was:
                os.chmod(path, stat.S_IMODE(st.st_mode))
        self.addCleanup(undo)
        for path, st in was:
            os.chmod(path, stat.S_IMODE(st.st_mode) & 0o500)
            if owner is not None:
                os.chown(path, owner, -1)
        return undo

    def read_only(self):
        """A prefix for programs that cannot write to the directory, and what
        undoes it."""
        if os.geteuid():
            return [], self.take_rights()
        if can_mount():
            return ["unshare", "-m", "sh", "-c", IN_PLACE.format(self.data) +
                    ' && exec "$@"', "sh"], lambda: None
        # Root may write everywhere, so somebody else it is.
        os.chmod(self.dir, 0o711)
        nobody = ["setpriv", "--reuid=65534", "--clear-groups"]
        if not shutil.which("setpriv") or subprocess.run(
                [*nobody, "test", "-x", lib.program("ccoind")],
                check=False).returncode:
            self.skipTest("root, who may neither mount nor be another")
        return nobody, self.take_rights(65534)

    def test_read_only(self):
        n = self.stopped_chain()
        file = self.write("genesis.json", {
            "network_id": 1, "miners": [self.account]})
        prefix, undo = self.read_only()
        for args in (), ("--dev",):
            self.refused("permission", "cannot open", self.data,
                         args=args, prefix=prefix)
        self.refused("permission", self.data, program="ccoin-init",
                     args=(file,), prefix=prefix)
        self.refused("permission", self.data, program="ccoin",
                     args=("create-account",), prefix=prefix)
        # What only reads does.
        run = self.run_program("ccoin", "-d", self.data, "verify",
                               prefix=prefix)
        self.assertIn(self.root, run.stdout)
        self.run_program("ccoin", "-d", self.data, "accounts", prefix=prefix)
        undo()
        self.still_good(n)

    def test_a_file_stands_where_the_directory_should(self):
        self.data = self.write("file", "")
        self.refused("io_error", self.data, "Not a directory")
        self.refused("io_error", self.data, args=("--dev",))
        self.refused("io_error", self.data + "/sub", "Not a directory",
                     data=self.data + "/sub", args=("--dev",))


class Full(Case):
    limit = 180

    def load(self, n, rich, nonce):
        """Send until the node ends; the ids that it reported in a block."""
        reported = []
        genesis = n.chain_id()
        connection = n.connect()
        while True:
            txs = [wire.Tx(rich, nonce + i, "22" * 20, 1,
                           data=os.urandom(3000)).sign(genesis)
                   for i in range(10)]
            nonce += len(txs)
            try:
                r = n.request("POST", "/v1/txs?wait=block",
                              [tx.object() for tx in txs],
                              connection=connection)
            except (OSError, http.client.HTTPException):
                return reported
            self.assertEqual(r.status, 200, r)
            reported += [one["id"] for one in r.json()
                         if "height" in one]

    def fill_and_recover(self, n, rich, more):
        """n runs on a disk that load() fills; more() makes it larger."""
        reported = self.load(n, rich, 0)
        self.assertEqual(n.wait(), 1, n.log())
        last = n.log().splitlines()[-1]
        self.assertIn(os.path.join(n.datadir, "chain", "data.mdb"), last)
        self.assertIn("(no_space)", last)
        self.assertGreater(len(reported), 20)
        # Before there is space it either only reads, or says the same again.
        n.start(ready=False)
        try:
            n.wait_ready()
            n.stop()
        except lib.Failed:
            self.assertIsNone(n.process)
            last = n.log().splitlines()[-1]
            self.assertIn(n.datadir, last)
            self.assertIn("(no_space)", last)
        more()
        run = self.run_program("ccoin", "-d", n.datadir, "verify",
                               prefix=n.prefix)
        self.assertIn("all is as it must be", run.stdout)
        n.start()
        for tx_id in reported:
            r = n.get(f"/confirmations?transaction_id={tx_id}")
            self.assertEqual(r.status, 200, r)
            self.assertGreaterEqual(r.json(), 1)
        moved = n.balance("22" * 20)
        self.assertGreaterEqual(moved, len(reported))
        nonce = n.get(f"/v1/accounts/{n.account}").json()["next_nonce"]
        self.assertEqual(nonce, moved)
        tx = wire.Tx(rich, nonce, "22" * 20, 1).sign(n.chain_id())
        r = n.request("POST", "/v1/txs?wait=block", tx.object())
        self.assertEqual(r.status, 200, r)
        self.assertEqual(n.balance("22" * 20), moved + 1)
        n.stop()
        self.run_program("ccoin", "-d", n.datadir, "verify", prefix=n.prefix)

    def test_disk(self):
        if not can_mount():
            self.skipTest("mounts are not permitted here; the limit of a"
                          " file's size stands in")
        disk = self.path("disk")
        os.mkdir(disk)
        # One that keeps the mounts for those who come after it.
        keeper = subprocess.Popen(
            ["unshare", "-m", "sh", "-c",
             f"mount -t tmpfs -o size=2m none {disk} && echo ready && read x"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(keeper.stdout.close)
        self.addCleanup(keeper.wait)
        self.addCleanup(keeper.stdin.close)
        self.assertEqual(keeper.stdout.readline(), "ready\n")
        inside = ["nsenter", "-m", "-t", str(keeper.pid)]
        n = self.node("--dev", datadir=os.path.join(disk, "data"),
                      prefix=inside)
        n.log_path = self.path("log")
        n.start()
        rich = wire.Account.load(
            f"/proc/{keeper.pid}/root{n.datadir}/keys/{n.account}.pem")
        self.fill_and_recover(n, rich, lambda: subprocess.run(
            [*inside, "mount", "-o", "remount,size=64m", disk], check=True))

    def test_limit_of_a_files_size(self):
        n = self.node("--dev", prefix=["sh", "-c", 'ulimit -f 2048; exec "$@"',
                                       "sh"])
        n.start()
        rich = wire.Account.load(os.path.join(
            n.datadir, "keys", n.account + ".pem"))

        def more():
            n.prefix = ()
        self.fill_and_recover(n, rich, more)


class Keys(Case):
    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.password = self.write("password", "correct horse\n")
        os.chmod(self.password, 0o600)
        plain, locked, other = [self.run_program(
            "ccoin", "-d", self.data, "create-account", "--type", "ed25519",
            *more).stdout.strip()
            for more in ((), ("--password-file", self.password), ())]
        self.plain, self.locked, self.other = plain, locked, other
        file = self.write("genesis.json", {
            "network_id": 1, "miners": [plain, locked],
            "alloc": {plain: {"balance": 10}}})
        self.run_program("ccoin-init", file, "-d", self.data)

    def key(self, account):
        return os.path.join(self.data, "keys", account + ".pem")

    def args(self, account, *more):
        return ("--validator", "--account", account, *more)

    def refused_for_all(self, code, *words, account=None, more=()):
        """By the node that would use the key, and by the wallet."""
        account = account or self.plain
        self.refused(code, self.key(account), *words,
                     args=self.args(account, *more))
        self.refused(code, self.key(account), *words, program="ccoin",
                     args=("sign", "1", "22" * 20, "--from", account, *more))

    @contextlib.contextmanager
    def instead(self, content):
        """With this in place of the plain account's key."""
        with open(self.key(self.plain), "rb") as f:
            good = f.read()
        with open(self.key(self.plain), "wb") as f:
            f.write(content)
        yield
        with open(self.key(self.plain), "wb") as f:
            f.write(good)

    def test_each_fault_and_then_the_good_key(self):
        path = self.key(self.plain)
        os.rename(path, path + ".away")
        self.refused_for_all("not_found", "cannot open", "No such file")
        os.mkdir(path)
        os.chmod(path, 0o700)
        self.refused_for_all("malformed", "is not a file")
        os.rmdir(path)
        os.rename(path + ".away", path)
        for mode in 0o644, 0o640, 0o604, 0o602:
            os.chmod(path, mode)
            self.refused_for_all("permission", f"has mode {mode:04o}",
                                 "others can use it", "chmod 600")
        os.chmod(path, 0o600)
        with open(self.key(self.other), "rb") as f:
            others = f.read()
        with self.instead(others):
            self.refused_for_all("wrong_public_key",
                                 f"holds the key of address {self.other}")
        with open(path, "rb") as f:
            good = f.read()
        for bad in (b"", b"garbage\n", good[:60], good[60:],
                    good.replace(b"PRIVATE", b"PUBLIC"),
                    good.replace(b"M", b"N", 1), b"\0" * 20000,
                    wire.Account("ed25519").spki):
            with self.subTest(bad=bad[:40]), self.instead(bad):
                self.refused_for_all("malformed", "holds no RSA-2048 or"
                                     " Ed25519 key pair in PKCS#8 PEM")
        n = self.node(*self.args(self.plain), datadir=self.data).start()
        rich = wire.Account.load(path)
        tx = wire.Tx(rich, 0, "22" * 20, 1).sign(n.chain_id())
        self.assertEqual(n.push(tx).status, 202)

    def test_passwords(self):
        wrong = self.write("wrong", "horse correct\n")
        os.chmod(wrong, 0o600)
        self.refused_for_all("bad_password", "is encrypted",
                             "password", account=self.locked)
        self.refused_for_all("bad_password", "the password does not open",
                             account=self.locked,
                             more=("--password-file", wrong))
        for content, mode, code, said in (
                (None, 0, "not_found", "No such file"),
                ("", 0o600, "malformed", "first line", ),
                ("\nx\n", 0o600, "malformed", "first line"),
                ("x" * 1025, 0o600, "too_big", "1024 bytes"),
                ("correct horse\n", 0o644, "permission", "has mode 0644")):
            file = self.path("no such file")
            if content is not None:
                file = self.write("bad", content)
                os.chmod(file, mode)
            more = ("--password-file", file)
            self.refused(code, file, said, args=self.args(self.locked, *more))
            self.refused(code, file, said, program="ccoin",
                         args=("sign", "1", "22" * 20, "--from", self.locked,
                               *more))
        n = self.node(*self.args(self.locked), "--password-file",
                      self.password, datadir=self.data).start()
        self.assertTrue(n.status()["validator"])

    def test_a_validator_that_is_no_authority_of_the_chain(self):
        self.refused("bad_producer", self.other, self.plain,
                     "not an authority", args=self.args(self.other))


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin-init", "ccoin"))
