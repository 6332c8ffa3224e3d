# SPDX-License-Identifier: MIT
"""Several daemons of one chain, for the tests of the network."""
import base64
import os
import random
import socket
import threading

import lib
import wire
from own import account

LOOPBACK = "127.0.0.1"
RICH = 1 << 40


TAKEN = []  # what holds the ports of free_port(), until this process ends


def take_port(port):
    """Whether it is this process's now, and nobody listens there. Tests that
    run beside it agree by an abstract socket of that name."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0ccoin-test-port-{port}")
        with socket.socket() as a:
            a.bind((LOOPBACK, port))
    except OSError:
        held.close()
        return False
    TAKEN.append(held)
    return True


def free_port():
    """A port that no test is given again while this process runs, below those
    that the system gives to connections: a node that starts again finds it
    free."""
    while True:
        port = random.randrange(10000, 32000)
        if take_port(port):
            return port


def genesis(miners, senders=(), slot_ms=1000, time=0, **more):
    g = {
        "network_id": "network",
        "miners": [m.address for m in miners],
        "block_mining": {"interval": 1, "min_bound": 1, "max_bound": 1000,
                         "reward": 0, "allow_empty": False},
        "consensus": {"engine": "poa", "slot_ms": slot_ms},
        "genesis_block": {"time": time, "difficulty": 0},
        "alloc": {a.address: {"balance": RICH} for a in senders},
    }
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(g.get(key), dict):
            g[key].update(value)
        else:
            g[key] = value
    return g


def bft_genesis(validators, time=0, **more):
    """Of accounts; what is given replaces or is added."""
    g = {
        "network_id": "bft",
        "block_mining": {"interval": 0, "min_bound": 1, "max_bound": 1000,
                         "reward": 0, "allow_empty": False},
        "consensus": {
            "engine": "bft", "timeout_ms": 500, "timeout_max_ms": 4000,
            "validators": [{"public_key": base64.b64encode(v.spki).decode()}
                           for v in validators]},
        "genesis_block": {"time": time, "difficulty": 0},
    }
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(g.get(key), dict):
            g[key].update(value)
        else:
            g[key] = value
    return g


class Parties:
    """Validators and observers of one chain on this machine."""

    def __init__(self, case, validators, observers=0, senders=4,
                 slot_ms=1000, **more):
        self.case = case
        self.miners = [account(1000 + i) for i in range(validators)]
        self.senders = [account(1 + i) for i in range(senders)]
        self.nonces = [0] * senders
        self.genesis = case.write("genesis.json", genesis(
            self.miners, self.senders, slot_ms, **more))
        self.nodes = []
        self.sent = {}  # id -> wire.Tx
        for i in range(validators + observers):
            self.nodes.append(self._node(i, self.miners[i]
                                         if i < validators else None))

    def _node(self, number, miner):
        datadir = self.case.path(f"party{number}")
        os.makedirs(os.path.join(datadir, "keys"), mode=0o700)
        os.chmod(datadir, 0o700)
        args = ["--genesis", self.genesis, "--threads", "1"]
        port = free_port()
        args += ["--listen", f"{LOOPBACK}:{port}",
                 "--http", f"{LOOPBACK}:0"]
        if miner:
            key = os.path.join(datadir, "keys", miner.address + ".pem")
            with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600),
                      "wb") as f:
                f.write(miner.pem())
            args += ["--validator", "--account", miner.address]
        node = lib.Node(datadir, *args, port=port)
        node.p2p = f"{LOOPBACK}:{port}"
        self.case.addCleanup(node.discard)
        return node

    def start(self, *args, which=None):
        for node in self.nodes if which is None else which:
            node.start(*args, ready=False)
        for node in self.nodes if which is None else which:
            node.wait_ready()

    # transfers

    def send(self, node, count=1, sender=None):
        """Push transfers of one sender to a node; their ids."""
        ids = []
        s = (len(self.sent) % len(self.senders)) if sender is None else sender
        chain = self.chain_id()
        for _ in range(count):
            tx = wire.Tx(self.senders[s], self.nonces[s],
                         account(500 + s).address, 1)
            tx.sign(chain)
            node.must(node.push(tx), 200, 202)
            self.nonces[s] += 1
            name = tx.id(chain)
            self.sent[name] = tx
            ids.append(name)
        return ids

    def chain_id(self):
        if not hasattr(self, "_chain"):
            self._chain = next(n for n in self.nodes
                               if n.process).chain_id()
        return self._chain

    # what must hold

    def heads(self, which=None):
        return [n.must(n.get("/v1/blocks/latest")).json()
                for n in (which or self.nodes)]

    def same_tip(self, which=None, above=-1):
        """All on one tip, higher than `above`: its height, else None."""
        heads = self.heads(which)
        if (len({h["id"] for h in heads}) == 1 and
                heads[0]["number"] > above):
            return heads[0]["number"]
        return None

    def together(self, which=None, above=-1, limit=60):
        return lib.until(
            lambda: self.same_tip(which, above) is not None and
            self.heads(which)[0]["number"] + 1, limit) - 1

    def same_chain(self, which=None):
        """Every node has the same block and root at every height up to the
        lowest tip; the list of blocks."""
        which = which or self.nodes
        lowest = min(h["number"] for h in self.heads(which))
        chains = [self.blocks(n, lowest) for n in which]
        for height, row in enumerate(zip(*chains)):
            self.case.assertEqual(
                1, len({(b["id"], b["hash_state"]) for b in row}),
                f"height {height}")
        return chains[0]

    @staticmethod
    def blocks(node, highest):
        out = []
        while len(out) <= highest:
            part = node.must(node.get(
                f"/blockchain?from={len(out)}&limit=200")).json()
            if not part:
                break
            out += part
        return out[:highest + 1]

    def fate(self, node, tx_id):
        r = node.get(f"/v1/txs/{tx_id}")
        if r.status == 404:
            return None
        return node.must(r).json()

    def settled_watch(self):
        """A thread that notes every settled block seen; see Watch."""
        return Watch(self)


class Watch(threading.Thread):
    """Looks at every node's settled block again and again: none may ever
    change."""

    def __init__(self, parties):
        super().__init__(daemon=True)
        self.parties = parties
        self.seen = {}  # height -> id
        self.broken = []
        self.looks = 0
        self.ending = threading.Event()
        self.start()

    def run(self):
        while not self.ending.wait(0.2):
            for node in self.parties.nodes:
                try:
                    b = node.get("/v1/blocks/settled").json()
                except (OSError, ValueError, AttributeError, TypeError):
                    continue  # it is down
                self.looks += 1
                if self.seen.setdefault(b["number"], b["id"]) != b["id"]:
                    self.broken.append((b["number"], b["id"]))

    def end(self):
        self.ending.set()
        self.join(20)
        return self
