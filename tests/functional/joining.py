# SPDX-License-Identifier: MIT
"""A late joiner: a node that starts with a genesis hash and some addresses,
timed from its start to the tip. From one honest node, from two, and from
three of which one is honest, one stalls and one sends garbage.

usage: joining.py TRANSACTIONS CACHE

The long run is scripts/join-test, the short one test_join.py. The chain comes
from bench/chain; the two bad ones are p2p.py's.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import lib
import p2p
import wire

ROUNDS = 5
RUNS = ("one", "two", "three")
SHARES = {"two": 0.9, "three": 0.8}  # of the speed from one
MEMORY_MAX = 160  # MiB, RssAnon of the joiner
LIMIT = 300  # seconds, of one run
TRICKLE = 0.1  # seconds between two bytes
JUNK = [bytes([i % 251]) * 300 for i in range(1000)]


class Broken(Exception):
    """What must hold does not."""


# --- those who are no help ---------------------------------------------------

class _Header:
    """What a ChainServer needs of a block whose body it never gives."""

    def __init__(self, value, height, name):
        self.height, self.hash = height, name
        if value:
            self.header, self.seal = (wire.Raw(p2p.pack(v)) for v in value)


class Headers(p2p.Chain):
    """The headers of a node's chain. They suffice to be believed ahead."""

    @classmethod
    def of(cls, node):
        chain = cls(node.chain_id(), b"", 0)
        with p2p.Peer.dial(*address_of(node).split(":"),
                           p2p.Account("ed25519")) as peer:
            chain.rules, chain.nonce = peer.genesis()
            peer.greet(chain.id)
            chain.add(None, chain.id)
            while True:
                more = peer.headers([chain.tip.hash])
                if not more:
                    return chain
                for value in more:
                    chain.add(value, p2p.digest(p2p.DOMAIN_HEADER, chain.id,
                                                p2p.pack(value[0])))

    def add(self, value, name):
        header = _Header(value, len(self.list), name)
        self.list.append(header)
        self.by_hash[name] = header


def address_of(node):
    line = [x for x in node.output if x.startswith("p2p ")][-1]
    return line.partition(" ")[2]


class Stalling(p2p.ChainServer):
    """Gives headers and no body; with `trickles` the beginning of an answer,
    a byte at a time."""

    def __init__(self, chain, trickles):
        self.trickles = trickles
        super().__init__(chain, p2p.Account("ed25519"),
                         hooks={"RBL": self._stall})

    def _stall(self, peer, _value):
        if self.trickles and peer in self.peers:
            self.trickles = False  # once: the frame never ends
            threading.Thread(target=self._trickle, args=(peer,),
                             daemon=True).start()
        return p2p.STALL

    def _trickle(self, peer):
        answer = p2p.frame("ABL", bytes(1 << 20))
        pause = threading.Event()
        for i in range(len(answer)):
            if self.stopping:
                return
            try:
                peer.send_bytes(answer[i:i + 1])
            except p2p.Closed:
                return
            pause.wait(TRICKLE)


class Garbage(p2p.ChainServer):
    """Gives headers, and in the place of their bodies others, as big."""

    def __init__(self, chain):
        super().__init__(chain, p2p.Account("ed25519"),
                         hooks={"RBL": self._lie})

    def _lie(self, _peer, names):
        known = [self.chain.by_hash[name] for name in names
                 if name in self.chain.by_hash]
        return [("ABL", [[[h.header, h.seal, JUNK] for h in known][:8], []])]

    def banned(self):
        """It tries again, and is refused each time."""
        return {bye.code for bye in self.byes} == {"banned"}


# --- a run -------------------------------------------------------------------

class Watch(threading.Thread):
    """Until the node is at the tip: when, and the most that it held."""

    def __init__(self, node, tip):
        super().__init__(daemon=True)
        self.node, self.tip = node, tip
        self.peak = 0  # KiB
        self.status = None

    def memory(self):
        with open(f"/proc/{self.node.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("RssAnon:"):
                    self.peak = max(self.peak, int(line.split()[1]))

    def until_there(self, limit):
        connection = self.node.connect()
        deadline = time.monotonic() + limit
        pause = threading.Event()
        while time.monotonic() < deadline:
            self.memory()
            self.status = self.node.request("GET", "/v1/status",
                                            connection=connection).json()
            if self.status["height"] >= self.tip["height"]:
                connection.close()
                return time.monotonic()
            pause.wait(0.01)
        raise Broken(f"at height {self.status['height']} of "
                     f"{self.tip['height']} after {limit:g} s; "
                     f"log:\n{self.node.log()}")


class Outcome:
    def __init__(self, seconds, peak, cpu):
        self.seconds = seconds
        self.peak = peak  # KiB
        self.cpu = cpu  # of each thread: loop, writer, workers


def cpu_of(pid):
    """Seconds that each thread had a core, and that it waited for one."""
    out = []
    for task in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
        with open(f"/proc/{pid}/task/{task}/schedstat",
                  encoding="ascii") as f:
            out.append([int(ns) / 1e9 for ns in f.read().split()[:2]])
    return out


class Joining:
    """Honest nodes on `datadirs`, each a copy of one chain; none of them
    makes a block."""

    def __init__(self, top, datadirs, limit=LIMIT):
        self.top = top
        self.datadirs = datadirs
        self.limit = limit
        self.count = 0
        self.tip = self.headers = None
        self.nodes = []  # running

    def start(self, datadir, *args):
        node = lib.Node(datadir, "--log-level", "info", *args)
        self.nodes.append(node)
        node.start()
        return node

    def stop_all(self):
        for node in self.nodes:
            node.discard()
        self.nodes = []

    def learn(self):
        """What the tip is, and the headers; from the first honest node."""
        node = self.start(self.datadirs[0])
        self.tip = node.status()
        self.headers = Headers.of(node)
        self.stop_all()

    def join(self, addresses, datadir=None, then=None):
        """A fresh node, until it is at the tip. Its data is removed unless
        it is said where to keep it. then: called once it has started."""
        self.count += 1
        place = datadir or os.path.join(self.top, f"joiner{self.count}")
        args = ["--genesis-hash", self.tip["chain_id"]]
        for address in addresses:
            args += ["--connect", address]
        began = time.monotonic()
        node = self.start(place, *args)
        if then:
            then(node)
        watch = Watch(node, self.tip)
        seconds = watch.until_there(self.limit) - began
        for name in ("height", "hash", "state_root"):
            if watch.status[name] != self.tip[name]:
                raise Broken(f"another {name} at the tip: {watch.status}")
        outcome = Outcome(seconds, watch.peak, cpu_of(node.pid))
        node.stop()
        self.nodes.remove(node)
        if not datadir:
            shutil.rmtree(place)
        return outcome

    def from_honest(self, count):
        try:
            return self.join([address_of(self.start(d))
                              for d in self.datadirs[:count]])
        finally:
            self.stop_all()

    def from_three(self, trickles=False, honest_last=False):
        """The bad ones first, so that they are asked first. honest_last: the
        honest one comes when both were asked, however quick it is."""
        try:
            with Stalling(self.headers, trickles) as stalls, \
                    Garbage(self.headers) as lies:
                bad = [stalls, lies]
                if honest_last:
                    return self._with(bad, [], lambda node: self._help(
                        bad, node))
                honest = self.start(self.datadirs[0])
                return self._with(bad, [address_of(honest)])
        finally:
            self.stop_all()

    def _help(self, bad, node):
        for server in bad:
            server.wait(lambda server=server: server.counts.get("RBL"))
        self.start(self.datadirs[0], "--connect", address_of(node))

    def _with(self, bad, addresses, then=None):
        stalls, lies = bad
        outcome = self.join([stalls.address, lies.address, *addresses],
                            then=then)
        for server in bad:
            if not server.counts.get("RBL") or server.failures:
                raise Broken(f"a bad peer was not asked: {server.counts}, "
                             f"{server.failures}")
        lies.wait(lambda: lies.byes)
        if not lies.banned():
            raise Broken(f"who sent garbage heard {lies.byes}")
        return outcome


# --- the long run ------------------------------------------------------------

def say(text):
    print(text, file=sys.stderr, flush=True)


def chain_tool(*args):
    return subprocess.run([lib.program("bench/chain"), *args], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


class Measure:
    def __init__(self, transactions, cache, top):
        self.transactions = transactions
        self.cache = cache
        self.checks = []
        self.outcomes = {run: [] for run in RUNS}
        chain_tool(str(transactions), cache, lib.program("ccoind"),
                   os.path.join(top, "first"))
        self.joining = Joining(top, [os.path.join(top, name)
                                     for name in ("first", "second")])

    def second(self):
        """The second honest node has its chain from the first."""
        j = self.joining
        j.learn()
        say(f"a chain of {j.tip['height']} blocks; a second node joins")
        try:
            j.join([address_of(j.start(j.datadirs[0]))], j.datadirs[1])
        finally:
            j.stop_all()

    def run(self):
        self.second()
        for i in range(ROUNDS):
            self.checks.append(float(chain_tool("checks", self.cache)))
            for run in RUNS:
                o = self.joining.from_three(bool(i % 2)) \
                    if run == "three" else \
                    self.joining.from_honest(RUNS.index(run) + 1)
                self.outcomes[run].append(o)
                self.tell(i, run, o)

    def tell(self, i, run, o):
        """Of a thread: how long a transaction took it, and how much of the
        time it had nothing to do, though a core was free for it."""
        each = ", ".join(
            f"{ran * 1e6 / self.transactions:.1f} us "
            f"{100 * max(0, 1 - (ran + waited) / o.seconds):.0f}% idle"
            for ran, waited in o.cpu)
        say(f"round {i + 1}, from {run}: {o.seconds:.2f} s, "
            f"{self.transactions / o.seconds:.0f} tx/s; loop, writer, "
            f"workers: {each}")

    def speeds(self, run):
        return sorted(self.transactions / o.seconds
                      for o in self.outcomes[run])

    def table(self):
        """Print it; how many bounds are missed."""
        ceiling = statistics.median(self.checks)
        one = statistics.median(self.speeds("one"))
        missed = 0
        print(f"{self.transactions} transactions in "
              f"{self.joining.tip['height']} blocks; ceiling: {ceiling:.0f} "
              f"RSA-2048 checks/s, one core\n"
              f"{'from':6}{'min':>8}{'median':>8}{'max':>8} tx/s"
              f"{'of ceiling':>12}{'of one':>8}{'RssAnon':>9} MiB")
        for run in RUNS:
            speeds = self.speeds(run)
            median = statistics.median(speeds)
            peak = max(o.peak for o in self.outcomes[run]) / 1024
            missed += peak > MEMORY_MAX
            line = (f"{run:6}{speeds[0]:8.0f}{median:8.0f}{speeds[-1]:8.0f}"
                    f"     {median / ceiling:12.2f}{median / one:8.2f}"
                    f"{peak:9.1f}{' MISSED' if peak > MEMORY_MAX else ''}")
            if run in SHARES:
                ok = median / one >= SHARES[run]
                missed += not ok
                line += f"     >= {SHARES[run]} {'ok' if ok else 'MISSED'}"
            print(line, flush=True)
        return missed


def main():
    if len(sys.argv) != 3 or not sys.argv[1].isdigit():
        print("usage: joining.py TRANSACTIONS CACHE", file=sys.stderr)
        return 2
    top = tempfile.mkdtemp(prefix="ccoin-join-")
    measure = None
    try:
        measure = Measure(int(sys.argv[1]), sys.argv[2], top)
        measure.run()
    except (Broken, lib.Failed, TimeoutError,
            subprocess.CalledProcessError) as e:
        print(f"not ok: {e}")
        return 1
    finally:
        if measure:
            measure.joining.stop_all()
        shutil.rmtree(top, ignore_errors=True)
    return 1 if measure.table() else 0


if __name__ == "__main__":
    sys.exit(main())
