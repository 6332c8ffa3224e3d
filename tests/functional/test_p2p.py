# SPDX-License-Identifier: MIT
"""The P2P port of a real node: TLS, frames, hellos, bans, a genesis from a
peer."""
import json
import os
import re
import signal
import socket
import ssl
import stat
import threading

from cryptography.hazmat.primitives.asymmetric import rsa

import lib
import own
import wire
from p2p import PIECE, Account, Bye, Closed, Peer, Tls, frame, hello

LIMIT = 20 * lib.PATIENCE


def p2p(node):
    """HOST:PORT that it printed, as one dials it here."""
    line = [x for x in node.output if x.startswith("p2p ")][-1]
    return line.split(" ", 1)[1].replace("0.0.0.0", "127.0.0.1")


def dial(where, account=None, **kw):
    """A connection, nothing said; without an account also without TLS."""
    host, _, port = where.rpartition(":")
    return Peer.dial(host, int(port), account, limit=LIMIT, **kw)


def ed25519():
    return Account("ed25519")


class Server:
    """A node that listens, and answers one connection after the other with a
    function of the test's, called with a Peer."""

    def __init__(self, answer):
        self.answer = answer
        self.account = ed25519()
        self.tls = Tls(self.account)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.where = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return  # close()
            try:
                with Peer(sock, self.account, inbound=True, tls=self.tls,
                          limit=LIMIT) as p:
                    self.answer(p)
            except (Closed, TimeoutError, OSError):
                pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()


def memory(node):
    """Resident, bytes."""
    with open(f"/proc/{node.pid}/status", encoding="ascii") as f:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Door(lib.Case):
    def setUp(self):
        super().setUp()
        self.n = self.dev()
        self.where = p2p(self.n)

    def peer(self, account=None, **kw):
        p = dial(self.where, account or ed25519(), **kw)
        self.addCleanup(p.close)
        return p

    def greet(self, account):
        """Of a Peer with that account: its hello is the node's."""
        p = self.peer(account)
        p.greet(self.n.chain_id())
        return p

    def test_says_where_and_a_development_chain_is_this_machines(self):
        self.assertRegex(self.where, r"^127\.0\.0\.1:\d+$")

    def test_greets_either_kind_of_key(self):
        for kind in "ed25519", "rsa":
            p = self.greet(Account(kind))
            self.assertEqual(p.hello["genesis"], self.n.chain_id())
            # the id of a node with an account is the account
            self.assertEqual(p.hello["id"].hex(), self.n.account)
            p.close()

    def refused_by_tls(self, account, **kw):
        """Its hello is never read. Which side notices first is TLS's."""
        with self.assertRaises(Closed) as e:
            p = self.peer(account, tls=Tls(account, **kw))
            p.greet(self.n.chain_id())
        self.assertNotIsInstance(e.exception, Bye)
        self.assertNotIn("accepted", self.n.log())

    def test_older_tls_is_refused(self):
        old = ssl.TLSVersion.TLSv1_2
        self.refused_by_tls(ed25519(), low=old, high=old)

    def test_without_a_certificate_nobody_comes_in(self):
        self.refused_by_tls(ed25519(), show=False)

    def test_another_kind_of_key_is_refused(self):
        self.refused_by_tls(Account(
            key=rsa.generate_private_key(65537, 3072)))

    def test_another_id_than_tls_proved_is_refused(self):
        p = self.peer()
        p.send("HEY", hello(self.n.chain_id(), ed25519()))
        self.assertEqual(p.ended().code, "bad_id")

    def test_another_genesis_is_refused_with_both_named(self):
        p = self.peer()
        with self.assertRaises(Bye) as e:
            p.greet(bytes(range(32)))
        self.assertEqual(e.exception.code, "wrong_genesis")
        for text in bytes(range(32)).hex(), self.n.chain_id().hex():
            self.assertIn(text, e.exception.text)
            self.assertIn(text, self.n.log())
        p.ended()

    def test_garbage_is_dropped_and_its_key_banned_also_after_a_restart(self):
        account = ed25519()
        p = self.peer(account)
        p.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
        p.ended()
        p = self.peer(account)
        self.assertEqual(p.ended().code, "banned")
        self.n.restart()
        self.where = p2p(self.n)
        p = self.peer(account)
        self.assertEqual(p.ended().code, "banned")
        with open(os.path.join(self.n.datadir, "peers.json"),
                  encoding="ascii") as f:
            book = json.load(f)
        self.assertEqual([b["id"] for b in book["bans"]], [account.address])
        # another's is welcome, from the same address: it is loopback
        self.greet(ed25519())

    def test_attackers_neither_fill_its_memory_nor_stop_it(self):
        to = self.n.account
        before = memory(self.n)
        for _ in range(40):
            # as much as a frame may ever claim, begun; junk in the place of
            # TLS
            for p, data in (
                    (self.peer(), frame("ABL", bytes(4 << 20)[:-3])),
                    (dial(self.where), os.urandom(200000))):
                try:
                    p.send_bytes(data)
                except Closed:
                    pass
                p.close()
        self.assertLess(memory(self.n) - before, 60 << 20)
        self.n.must(self.n.get("/balance?address=" + to))

    def test_idle_connections_are_ended_and_others_let_in(self):
        idle = [dial(self.where) for _ in range(70)]
        for p in idle:
            self.addCleanup(p.close)
        # 64 may wait; for those beyond, the oldest go
        for p in idle[:6]:
            p.ended()
        account = ed25519()

        def greeted():
            try:
                return self.greet(account)
            except Closed:
                return None

        lib.until(greeted)


class Key(own.Case):
    def test_a_node_without_an_account_has_a_key_of_its_own(self):
        n = self.node("--genesis", self.write("g.json", self.genesis()))
        n.start()
        path = os.path.join(n.datadir, "node.pem")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        mine = wire.Account.load(path).raw_address
        self.assertIn(f"node {mine.hex()}, listening on 0.0.0.0:", n.log())
        n.restart()
        self.assertEqual(n.log().count(f"node {mine.hex()}"), 2)
        n.stop()
        os.chmod(path, 0o640)
        with self.assertRaises(lib.Failed) as e:
            n.start()
        self.assertIn("permission", str(e.exception))
        self.assertIn(path, str(e.exception))


class Two(own.Case):
    def two(self, *args):
        """A running node and another that is not started."""
        path = self.write("g.json", self.genesis())
        first = self.node("--genesis", path)
        first.start()
        second = self.node("--genesis", path, *args)
        return first, second

    def test_two_daemons_connect_and_again_after_kill(self):
        first, second = self.two()
        second.start("--connect", p2p(first))
        lib.until(lambda: "accepted" in first.log() and
                  "connected to " + p2p(first) in second.log())
        second.kill()
        lib.until(lambda: "is gone" in first.log())
        # its book knows where the first is
        second.start("--connect", p2p(first))
        lib.until(lambda: first.log().count("accepted") == 2)

    def test_those_who_all_dial_one_meet_each_other(self):
        first, second = self.two()
        second.start("--connect", p2p(first))
        lib.until(lambda: "accepted" in first.log())
        third = self.node(*second.args[:2]).start("--connect", p2p(first))
        lib.until(lambda: "connected to " + p2p(second) in third.log() or
                  second.log().count("accepted") == 1)

    def test_plain_daemons_connect_on_this_machine(self):
        path = self.write("g.json", self.genesis())
        plain = ("--p2p-plain", "--listen", "127.0.0.1:0")
        first = self.node("--genesis", path, *plain).start()
        second = self.node("--genesis", path, *plain, "--connect", p2p(first))
        second.start()
        lib.until(lambda: "connected to " + p2p(first) in second.log())

    def test_hangup_reads_whom_to_connect_to_again(self):
        first, second = self.two()
        config = self.write("c.json", {})
        second.args += ["-c", config]
        second.start()
        self.write("c.json", {"p2p": {"connect": [p2p(first)]}})
        second.process.send_signal(signal.SIGHUP)
        lib.until(lambda: "accepted" in first.log())

    def test_itself_is_told_from_others_and_not_kept(self):
        # another name for it, known before it has a port
        with socket.create_server(("127.0.0.1", 0)) as door:
            where = "127.0.0.1:%d" % door.getsockname()[1]
            path = self.write("g.json", self.genesis())
            n = self.node("--genesis", path, "--connect", where).start()
            came = door.accept()[0]
            host, _, port = p2p(n).rpartition(":")
            on = socket.create_connection((host, int(port)))
            for x, y in (came, on), (on, came):
                threading.Thread(target=pump, args=(x, y),
                                 daemon=True).start()
            lib.until(lambda: "is this node itself" in n.log())
            n.stop()
        # one connection: both its ends said so, and it is not in the book
        self.assertEqual(n.log().count("is this node itself"), 2)
        book = os.path.join(n.datadir, "peers.json")
        if os.path.exists(book):
            with open(book, encoding="ascii") as f:
                self.assertNotIn(where, f.read())


def pump(source, sink):
    """Until either ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Follow(own.Case):
    """A node with money and a miner, and one that follows it."""

    def same(self, other):
        """Whether it is where the first is; the first moves only by us."""
        tip = self.n.get("/v1/blocks/latest").json()["id"]
        return other.get("/v1/blocks/latest").json()["id"] == tip

    def move(self, count):
        for _ in range(count):
            self.send(own.account(9), 1)

    def follows(self, *args):
        self.move(5)
        other = self.node(*args, "--connect", p2p(self.n)).start()
        lib.until(lambda: self.same(other))
        self.move(5)
        lib.until(lambda: self.same(other))
        self.assertEqual(other.balance(own.account(9).address), 10)
        # what is pushed to the one that follows comes into a block
        self.n.must(other.push(self.tx(own.account(8), 7)), 202)
        lib.until(lambda: other.balance(own.account(8).address) == 7)
        lib.until(lambda: self.same(other))
        return other

    def test_with_the_genesis_file(self):
        self.chain()
        self.follows("--genesis", self.path("genesis.json"))

    def test_with_a_genesis_hash_and_one_address(self):
        self.chain()
        other = self.follows("--genesis-hash", self.chain_id.hex())
        self.assertEqual(other.chain_id(), self.chain_id)
        other.stop()
        self.move(1)
        # its book knows where the other is
        other.args = other.args[:2]
        other.start()
        lib.until(lambda: self.same(other))


class Genesis(own.Case):
    """--genesis-hash and --connect, against peers of the test's own."""

    def setUp(self):
        super().setUp()
        source = self.node("--genesis",
                           self.write("g.json", self.genesis()))
        source.start()
        self.hash = source.chain_id()
        self.rules = source.get("/v1/genesis", headers={
            "Accept": "application/msgpack"}).body
        self.nonce = int(source.get("/block?index=0").json()["nonce"])
        source.stop()
        self.asked = 0

    def serve(self, answer):
        s = Server(answer)
        self.addCleanup(s.close)
        return s.where

    def give(self, rules=None, nonce=None, piece=100):
        """A peer that answers RGK, in small pieces."""
        rules = rules or self.rules
        nonce = self.nonce if nonce is None else nonce

        def answer(p):
            while True:
                kind, value = p.read()
                if kind != "RGK":
                    return  # it has its chain, and says hello
                self.asked += 1
                offset, = value
                p.send("GLK", [len(rules), offset, nonce,
                               rules[offset:offset + piece]])

        return self.serve(answer)

    def ask(self, *peers, hash=None):
        args = ["--genesis-hash", (hash or self.hash).hex()]
        for where in peers:
            args += ["--connect", where]
        return self.node(*args)

    def refused(self, node, *words):
        with self.assertRaises(lib.Failed) as e:
            node.start()
        for word in words:
            self.assertIn(word, str(e.exception))

    def test_the_chain_is_made_from_a_hash_and_an_address(self):
        n = self.ask(self.give()).start()
        self.assertEqual(n.chain_id(), self.hash)
        self.assertEqual(self.asked, -(-len(self.rules) // 100))
        n.stop()
        # now it has it
        n.start()
        self.assertEqual(self.asked, -(-len(self.rules) // 100))

    def test_the_wrong_chain_is_refused_naming_both(self):
        other = bytes(range(32))
        self.refused(self.ask(self.give(), hash=other), "other_chain",
                     other.hex(), self.hash.hex())

    def test_a_seal_that_does_not_fit_is_refused(self):
        hard = self.genesis()
        hard["genesis_block"] = dict(hard.get("genesis_block", {}),
                                     difficulty=2)
        source = self.node("--genesis", self.write("h.json", hard)).start()
        rules = source.get("/v1/genesis", headers={
            "Accept": "application/msgpack"}).body
        nonce = int(source.get("/block?index=0").json()["nonce"])
        chain = source.chain_id()
        source.stop()
        self.refused(self.ask(self.give(rules, nonce + 1), hash=chain),
                     "bad_seal")
        n = self.ask(self.give(rules, nonce), hash=chain).start()
        self.assertEqual(n.chain_id(), chain)

    def test_the_next_is_asked_when_one_is_of_no_use(self):
        def garbage(p):
            p.send_bytes(os.urandom(1000))
            p.ended()

        def bye(p):
            p.read()
            p.send("BYE", [b"too_many_peers", b"no place"])
            p.ended()

        def huge(p):
            p.read()
            p.send("GLK", [65 << 20, 0, 0, bytes(PIECE)])
            p.ended()

        def other_offset(p):
            p.read()
            p.send("GLK", [len(self.rules), 1, self.nonce, self.rules[1:]])
            p.ended()

        def endless(p):
            p.read()
            p.send("GLK", [10, 0, 0, b""])
            p.ended()

        useless = [self.serve(a) for a in (garbage, bye, huge, other_offset,
                                           endless)]
        damaged = bytearray(self.rules)
        damaged[3] ^= 1
        n = self.ask(*useless, self.give(bytes(damaged)),
                     self.give()).start()
        self.assertEqual(n.chain_id(), self.hash)
        for where in useless:
            self.assertIn(where, n.log())
        self.assertIn("no place (too_many_peers)", n.log())

    def test_nobody_there_is_said(self):
        gone = Server(lambda p: None)
        gone.close()
        self.refused(self.ask(gone.where), gone.where, "refused")


if __name__ == "__main__":
    lib.main()
