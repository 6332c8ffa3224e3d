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

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

import lib
import own
import peer
import wire

PIECE = 1 << 20


def p2p(node):
    """HOST:PORT that it printed, as one dials it here."""
    line = [x for x in node.output if x.startswith("p2p ")][-1]
    return line.split(" ", 1)[1].replace("0.0.0.0", "127.0.0.1")


def memory(node):
    """Resident, bytes."""
    with open(f"/proc/{node.pid}/status", encoding="ascii") as f:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Door(lib.Case):
    def setUp(self):
        super().setUp()
        self.n = self.dev()
        self.where = p2p(self.n)

    def peer(self, **kw):
        p = peer.Peer(self.where, peer.context(**kw))
        self.addCleanup(p.close)
        return p

    def test_says_where_and_a_development_chain_is_this_machines(self):
        self.assertRegex(self.where, r"^127\.0\.0\.1:\d+$")

    def test_greets_either_kind_of_key(self):
        for key in (ed25519.Ed25519PrivateKey.generate(),
                    rsa.generate_private_key(65537, 2048)):
            p = self.peer(key=key)
            p.say("HEY", *peer.hello(self.n, key))
            fields = p.hear_until("ACK")
            self.assertEqual(fields[1], self.n.chain_id())
            # the id of a node with an account is the account
            self.assertEqual(fields[3].hex(), self.n.account)
            p.close()

    def test_older_tls_is_refused(self):
        with self.assertRaises((ssl.SSLError, OSError)):
            self.peer(version=ssl.TLSVersion.TLSv1_2)

    def test_without_a_certificate_nobody_comes_in(self):
        try:
            p = self.peer(certificate=False)
            p.say("HEY", *peer.hello(
                self.n, ed25519.Ed25519PrivateKey.generate()))
            with self.assertRaises(peer.Closed):
                p.hear()
        except (ssl.SSLError, OSError, peer.Closed):
            pass
        self.assertNotIn("accepted", self.n.log())

    def test_another_kind_of_key_is_refused(self):
        p = None
        try:
            p = self.peer(key=rsa.generate_private_key(65537, 3072))
            p.say("HEY", *peer.hello(
                self.n, rsa.generate_private_key(65537, 2048)))
            with self.assertRaises(peer.Closed):
                p.hear()
        except (ssl.SSLError, OSError, peer.Closed):
            pass
        self.assertNotIn("accepted", self.n.log())

    def test_another_id_than_tls_proved_is_refused(self):
        p = self.peer()
        p.say("HEY", *peer.hello(
            self.n, ed25519.Ed25519PrivateKey.generate()))
        self.assertEqual(p.hear()[1][0], b"bad_id")

    def test_another_genesis_is_refused_with_both_named(self):
        key = ed25519.Ed25519PrivateKey.generate()
        p = self.peer(key=key)
        p.say("HEY", *peer.hello(self.n, key, genesis=bytes(range(32))))
        letters, fields = p.hear()
        self.assertEqual((letters, fields[0]), ("BYE", b"wrong_genesis"))
        for text in bytes(range(32)).hex(), self.n.chain_id().hex():
            self.assertIn(text, fields[1].decode())
            self.assertIn(text, self.n.log())
        p.await_end()

    def test_garbage_is_dropped_and_its_key_banned_also_after_a_restart(self):
        key = ed25519.Ed25519PrivateKey.generate()
        p = self.peer(key=key)
        p.send(b"GET / HTTP/1.1\r\n\r\n")
        p.await_end()
        p = self.peer(key=key)
        letters, fields = p.hear()
        self.assertEqual((letters, fields[0]), ("BYE", b"banned"))
        p.await_end()
        self.n.restart()
        self.where = p2p(self.n)
        p = self.peer(key=key)
        self.assertEqual(p.hear()[1][0], b"banned")
        with open(os.path.join(self.n.datadir, "peers.json"),
                  encoding="ascii") as f:
            book = json.load(f)
        self.assertEqual([b["id"] for b in book["bans"]],
                         [peer.spki_address(key).hex()])
        # another's is welcome, from the same address: it is loopback
        key = ed25519.Ed25519PrivateKey.generate()
        p = self.peer(key=key)
        p.say("HEY", *peer.hello(self.n, key))
        p.hear_until("ACK")

    def test_attackers_neither_fill_its_memory_nor_stop_it(self):
        to = self.n.account
        before = memory(self.n)
        for i in range(40):
            # as much as a frame may ever claim, begun
            p = self.peer()
            try:
                p.send(peer.frame("ABL", bytes(4 << 20)[:-3]))
            except peer.Closed:
                pass
            p.close()
            # junk in the place of TLS
            q = peer.Peer(self.where)
            try:
                q.send(os.urandom(200000))
            except peer.Closed:
                pass
            q.close()
        self.assertLess(memory(self.n) - before, 60 << 20)
        self.n.must(self.n.get("/balance?address=" + to))

    def test_idle_connections_are_ended_and_others_let_in(self):
        idle = [peer.Peer(self.where) for _ in range(70)]
        for p in idle:
            self.addCleanup(p.close)
        # the first 64 wait; those beyond are closed at once
        for p in idle[64:]:
            p.await_end()
        for p in idle[:64]:
            p.close()
        key = ed25519.Ed25519PrivateKey.generate()

        def greeted():
            try:
                p = self.peer(key=key)
                p.say("HEY", *peer.hello(self.n, key))
                return p.hear_until("ACK")
            except (ssl.SSLError, OSError, peer.Closed):
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
        s = peer.Server(answer)
        self.addCleanup(s.close)
        return s.where

    def give(self, rules=None, nonce=None, piece=100):
        """A peer that answers RGK, in small pieces."""
        rules = rules or self.rules
        nonce = self.nonce if nonce is None else nonce

        def answer(p):
            while True:
                letters, fields = p.hear()
                if letters != "RGK":
                    return  # it has its chain, and says hello
                self.asked += 1
                offset = fields[0]
                p.say("GLK", len(rules), offset, nonce,
                      rules[offset:offset + piece])

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
            p.send(os.urandom(1000))
            p.await_end()

        def bye(p):
            p.hear()
            p.say("BYE", b"too_many_peers", b"no place")
            p.await_end()

        def huge(p):
            p.hear()
            p.say("GLK", 65 << 20, 0, 0, bytes(PIECE))
            p.await_end()

        def other_offset(p):
            p.hear()
            p.say("GLK", len(self.rules), 1, self.nonce, self.rules[1:])
            p.await_end()

        def endless(p):
            p.hear()
            p.say("GLK", 10, 0, 0, b"")
            p.await_end()

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
        gone = peer.Server(lambda p: None)
        gone.close()
        self.refused(self.ask(gone.where), gone.where, "refused")


if __name__ == "__main__":
    lib.main()
