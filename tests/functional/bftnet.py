# SPDX-License-Identifier: MIT
"""Several daemons of one chain whose validators vote, and a witness."""
import contextlib
import os
import subprocess

import crashing
import lib
import network
import relay
import votes
import witness
import wire

DONE = ("settled", "final")


def create_account(datadir, kind="ed25519"):
    """A key and its vote journal, as `ccoin create-account` makes them."""
    made = subprocess.run(
        [lib.program("ccoin"), "create-account", "--type", kind, "-d",
         datadir], stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, check=True)
    return wire.Account.load(os.path.join(datadir, "keys",
                                          made.stdout.strip() + ".pem"))


class BftParties(network.Parties):
    """Validators, then more that have a key but are none (they may become
    some), then observers. relayed: they hear each other through relays
    alone."""

    def __init__(self, case, validators, observers=0, more=0, senders=4,
                 kind="ed25519", relayed=False, mesh=True, threads=1,
                 **genesis):
        # pylint: disable=super-init-not-called
        self.case = case
        self.threads = threads
        count = validators + more
        self.senders = [network.account(1 + i) for i in range(senders)]
        self.nonces = [0] * senders
        self.sent = {}
        self.dirs = [case.path(f"party{i}") for i in range(count + observers)]
        self.accounts = [create_account(d, kind) for d in self.dirs[:count]]
        genesis["alloc"] = {
            **{a.address: {"balance": network.RICH}
               for a in [*self.senders, *self.accounts]},
            **genesis.get("alloc", {})}
        self.genesis = case.write("genesis.json", network.bft_genesis(
            self.accounts[:validators], **genesis))
        self.set = votes.Set([a.spki for a in self.accounts[:validators]])
        self.nodes = [self._party(i) for i in range(count + observers)]
        self.environment = dict(self.nodes[0].env)
        self.relays = None
        if relayed:
            self._relay()
        elif mesh:
            self._mesh(self.nodes)
        self.witness = None

    def _party(self, number):
        datadir = self.dirs[number]
        os.makedirs(datadir, mode=0o700, exist_ok=True)
        port = network.free_port()
        args = ["--genesis", self.genesis, "--threads", str(self.threads),
                "--listen", f"{network.LOOPBACK}:{port}",
                "--http", f"{network.LOOPBACK}:{network.free_port()}"]
        if number < len(self.accounts):
            args += ["--validator", "--account",
                     self.accounts[number].address]
        node = lib.Node(datadir, *args, port=port)
        node.p2p = f"{network.LOOPBACK}:{port}"
        self.case.addCleanup(node.discard)
        return node

    @staticmethod
    def _mesh(nodes):
        for a, node in enumerate(nodes):
            for other in nodes[a + 1:]:
                node.args += ["--connect", other.p2p]

    def _relay(self):
        self.relays = relay.Relays(
            lambda: [n.process and n.pid for n in self.nodes])
        self.case.addCleanup(self.relays.stop)
        ways = [self.relays.add(b, n.p2p) for b, n in enumerate(self.nodes)]
        for a, node in enumerate(self.nodes):
            node.args += ["--advertise", ways[a]]
            for b in range(a + 1, len(self.nodes)):
                node.args += ["--connect", ways[b]]

    # the witness

    def watch(self):
        """From now on, over all restarts."""
        self.witness = witness.Witness(witness.Kept(
            self.chain_id(), self.set, self.case.path("signatures")))
        for i, node in enumerate(self.nodes):
            self.witness.add(f"party{i}", lambda n=node: (
                n.p2p.rpartition(":")[0], int(n.p2p.rpartition(":")[2]))
                if n.process else None)
        self.case.addCleanup(self.end_watch)
        return self.witness

    def end_watch(self):
        """What was kept; nothing of it may be broken."""
        if self.witness:
            kept, self.witness = self.witness.end(), None
            self.case.assertEqual(kept.broken, [])
            return kept
        return None

    def check(self):
        self.case.assertEqual(self.witness.kept.broken, [])

    # a height

    def address(self, i):
        return self.accounts[i].raw_address

    def leader(self, height, round_=0):
        """Number of the party, by the set of the genesis."""
        key = self.set.keys[self.set.leader(height, round_)]
        return next(i for i, a in enumerate(self.accounts) if a.spki == key)

    def up(self, which=None):
        return [n for n in (which or self.nodes) if n.process]

    def connected(self, which=None, limit=60):
        """Each to each."""
        which = self.up(which)
        lib.until(lambda: all(n.status()["peers"] >= len(which) - 1
                              for n in which), limit)

    def is_final(self, node, tx_id):
        fate = self.fate(node, tx_id)
        return bool(fate) and fate["status"] in DONE

    def final(self, ids, which=None, limit=60):
        """All are final on all."""
        which = self.up(which)
        for tx_id in ids:
            lib.until(lambda tx_id=tx_id: all(
                self.is_final(n, tx_id) for n in which), limit)

    def work(self, among=None, count=3, sender=0, limit=60):
        """Transfers, final on all of these; the lowest height of them."""
        among = self.up(among)
        # who just came back may not know yet what its sender did
        account = self.senders[sender].address
        lib.until(lambda: among[0].must(among[0].get(
            f"/v1/accounts/{account}")).json()["next_nonce"] >=
            self.nonces[sender], limit)
        ids = self.send(among[0], count, sender)
        self.final(ids, among, limit)
        return min(n.height() for n in among)

    # who validates

    def ccoin(self, i, *args, through=None):
        """The wallet of party i, at its node or another's."""
        node = self.nodes[i if through is None else through]
        return self.case.run_program(
            "ccoin", *args, env={"CCOIN_DATADIR": self.dirs[i],
                                 "CCOIN_URL": node.url}).stdout

    def vote(self, voters, *change):
        """Each of these votes for it, and waits until that is final."""
        for i in voters:
            if self.nodes[i].process:
                verb = "propose" if i == voters[0] else "vote"
                self.ccoin(i, "validator", verb, *change, "--wait", "final")

    def join(self, newcomer, voters):
        accepted = self.case.write(
            f"accepted{newcomer}",
            self.ccoin(newcomer, "validator", "accept"))
        self.vote(voters, "--acceptance", accepted)

    def leave(self, leaver, voters):
        self.vote(voters, "--remove", self.accounts[leaver].address)

    def validators(self, node):
        """Addresses, as a node tells them."""
        told = node.must(node.get("/v1/validators")).json()
        return {v["address"] for v in told["items"]}

    def is_set(self, numbers, limit=60):
        """On all that are up."""
        wanted = {self.accounts[i].address for i in numbers}
        lib.until(lambda: all(self.validators(n) == wanted
                              for n in self.up()), limit)

    # trouble

    def crash(self, i, at=0, when="before", classes=crashing.CLASSES,
              lose=None):
        """Party i under the shim from its next start on."""
        node = self.nodes[i]
        http = int(node.args[node.args.index("--http") + 1].split(":")[1])
        crash = crashing.Crash(node.datadir, at, when, classes, lose, http)
        node.env = dict(self.environment, **crash.env())
        return crash

    def plain(self, i, **env):
        """... and without."""
        self.nodes[i].env = dict(self.environment, **env)

    @contextlib.contextmanager
    def stopped(self, i):
        """SIGSTOP."""
        process = self.nodes[i].process
        process.send_signal(19)
        try:
            yield
        finally:
            process.send_signal(18)
