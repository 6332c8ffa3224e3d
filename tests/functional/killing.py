# SPDX-License-Identifier: MIT
"""A node that is killed again and again under load, and what must hold.

Senders push transactions; observers write down every transaction that is
reported in a block, and every block's hash and slot. SIGKILL comes at random
moments: under load, during a start, while derived tables are flushed. After
each, the node must start again at a whole block, with all that was ever
reported where it was, and no slot may ever be seen with two hashes.

Alone: killing.py KILLS [SEED], see scripts/kill-test. The moments come from
the seed; what the machine does at them does not.
"""
import collections
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import lib
import wire
from cryptography.hazmat.primitives.asymmetric import ed25519

SENDERS = 24
THREADS = 3
RICH = 1 << 40
# Other addresses of the genesis, so that it takes several batches to write.
CROWD = 9000
SLOT_MS = 10  # the default where interval is 0
FLUSH_ENTRIES = 60000  # src/chain/flush.c
NEW_CHAIN_AFTER = 50  # kills; or verify would take ever longer


class Broken(Exception):
    """A promise was not kept."""


def account(number):
    return wire.Account(key=ed25519.Ed25519PrivateKey.from_private_bytes(
        number.to_bytes(32, "big")))


ACCOUNTS = [account(i + 1) for i in range(SENDERS)]
MINER = account(1000)


class Seen:
    """What was ever reported, of one chain. Shared by the threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.txs = {}  # id -> (height, block hash)
        self.blocks = {}  # height -> hash
        self.slots = {}  # slot -> hash
        self.fresh = []  # ids reported since the last restart
        self.broken = None
        self.pushed = 0

    def fail(self, text):
        with self.lock:
            self.broken = self.broken or text

    def block(self, height, block_hash, block_time):
        slot = block_time // SLOT_MS
        with self.lock:
            old = self.blocks.setdefault(height, block_hash)
            if old != block_hash:
                self.broken = (f"block {height} was {old} and is "
                               f"{block_hash}")
            old = self.slots.setdefault(slot, block_hash)
            if old != block_hash:
                self.broken = (f"slot {slot} was signed twice: {old} and "
                               f"{block_hash}")

    def tx(self, tx_id, height, block_hash):
        with self.lock:
            old = self.txs.setdefault(tx_id, (height, block_hash))
            if old != (height, block_hash):
                self.broken = (f"transaction {tx_id} was in block {old} and "
                               f"is in {(height, block_hash)}")
            self.fresh.append(tx_id)


class Link:
    """The way to the node for the threads: closed while it is down."""

    def __init__(self):
        self.condition = threading.Condition()
        self.node = None  # a lib.Node that listens
        self.round = 0
        self.ended = False
        self.heavy = False  # many new addresses, to fill the tables

    def open(self, node):
        with self.condition:
            self.node = node
            self.round += 1
            self.condition.notify_all()

    def close(self, end=False):
        with self.condition:
            self.node = None
            self.ended = end
            self.condition.notify_all()

    def wait(self):
        """(round, connection), or None at the end."""
        with self.condition:
            while not self.node and not self.ended:
                self.condition.wait()
            if self.ended:
                return None
            return self.round, self.node.connect()


GONE = (OSError, http.client.HTTPException, lib.Failed)


class Client(threading.Thread):
    """Does its work on each round's connection, until the node is gone."""

    def __init__(self, link, seen, seed):
        super().__init__(daemon=True)
        self.link = link
        self.seen = seen
        self.rng = random.Random(seed)
        self.connection = None

    def run(self):
        while True:
            opened = self.link.wait()
            if not opened:
                return
            this, self.connection = opened
            try:
                self.begin()
                while self.link.round == this and self.link.node:
                    self.work()
            except GONE:
                pass
            except Exception as e:  # a thread must not die unnoticed
                self.seen.fail(f"{type(self).__name__}: {e!r}")
                return
            finally:
                self.connection.close()
            # the node may be dead and not yet known to be
            threading.Event().wait(0.005)

    def begin(self):
        pass

    def ask(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind} if body is not None else {}
        self.connection.request(method, path, body, headers)
        r = self.connection.getresponse()
        return r.status, r.read()

    def get(self, path):
        status, body = self.ask("GET", path)
        if status != 200:
            raise Broken(f"{path}: {status} {body!r}")
        return json.loads(body)


class Sender(Client):
    """Pushes, singly and in arrays, and asks what became of it."""

    def __init__(self, link, seen, seed, accounts, genesis):
        super().__init__(link, seen, seed)
        self.accounts = accounts
        self.genesis = genesis
        self.nonces = {}
        self.waiting = collections.deque(maxlen=2000)

    def begin(self):
        self.nonces.clear()

    def run_of(self, sender, count):
        a = sender.address
        if a not in self.nonces:
            self.nonces[a] = self.get(f"/v1/accounts/{a}")["next_nonce"]
        first = self.nonces[a]
        out = []
        for i in range(count):
            new = self.link.heavy or self.rng.random() < 0.5
            to = self.rng.randbytes(20).hex() if new else \
                self.rng.choice(ACCOUNTS).address
            # one in four leaves its recipient as it was
            amount = max(0, self.rng.randrange(-10, 30))
            out.append(wire.Tx(sender, first + i, to, amount,
                               fee=self.rng.randrange(3)).sign(self.genesis))
        self.nonces[a] = first + count
        return out

    def push(self, txs, form):
        if form == "msgpack":
            body = wire.pack([wire.Raw(t.raw()) for t in txs])
            status, answer = self.ask("POST", "/pushtx", body,
                                      "application/msgpack")
        elif form == "array":
            status, answer = self.ask("POST", "/pushtx", json.dumps(
                [t.object() for t in txs]))
        else:
            status, answer = self.ask("POST", "/pushtx", txs[0].json())
        items = json.loads(answer)
        if form == "single":
            items = [items]
            good = status in (200, 202, 422, 503)
        else:
            good = status == 200 and len(items) == len(txs)
        if not good:
            raise Broken(f"/pushtx: {status} {answer[:300]!r}")
        self.note(txs, items)

    def note(self, txs, items):
        for tx, item in zip(txs, items):
            if item.get("status") in ("pending", "queued", "included",
                                      "settled"):
                self.waiting.append(item["id"])
                self.seen.pushed += 1
            elif item.get("code") in ("nonce_gap", "nonce_too_low",
                                      "mempool_full"):
                self.nonces.pop(tx.sender.address, None)
            else:
                raise Broken(f"/pushtx: {item}")

    def work(self):
        sender = self.rng.choice(self.accounts)
        if self.link.heavy:
            self.push(self.run_of(sender, 60), "msgpack")
            if self.rng.random() < 0.9:
                return
        else:
            form = self.rng.choice(("single", "array", "msgpack"))
            count = 1 if form == "single" else self.rng.randrange(2, 40)
            self.push(self.run_of(sender, count), form)
        for _ in range(min(4, len(self.waiting))):
            self.look(self.waiting.popleft())

    def look(self, tx_id):
        status, body = self.ask("GET", f"/v1/txs/{tx_id}")
        if status == 404:
            return  # the pool of a node that was killed
        t = json.loads(body)
        if t["status"] in ("included", "settled"):
            self.seen.tx(tx_id, t["height"], t["tx"]["block_hash"])
        elif t["status"] == "pending":
            self.waiting.append(tx_id)
        else:
            raise Broken(f"transaction {tx_id}: {t}")


class Observer(Client):
    """Writes down every block that is to be seen."""

    def __init__(self, link, seen, seed):
        super().__init__(link, seen, seed)
        self.height = 0

    def work(self):
        b = self.get("/v1/blocks/latest")
        self.seen.block(b["number"], b["id"], b["time"])
        for tx in b["body"]:
            self.seen.tx(tx["id"], b["number"], b["id"])
        if b["number"] > self.height:
            self.between(b["number"])
        self.height = b["number"]

    def between(self, tip):
        cursor = tip
        while cursor > self.height:
            page = self.get(f"/v1/blocks?cursor={cursor}&limit=200")
            for b in page["items"]:
                self.seen.block(b["number"], b["id"], b["time"])
            if page["next"] is None:
                return
            cursor = int(page["next"])


class Chain:
    """One data directory and all that is done to it."""

    def __init__(self, top, name, seed):
        self.rng = random.Random(seed)
        self.dir = os.path.join(top, name)
        self.genesis_path = os.path.join(top, name + ".json")
        with open(self.genesis_path, "w", encoding="utf-8") as f:
            json.dump(self.genesis(), f)
        os.makedirs(os.path.join(self.dir, "keys"), mode=0o700)
        os.chmod(self.dir, 0o700)
        key = os.path.join(self.dir, "keys", MINER.address + ".pem")
        with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
            f.write(MINER.pem())
        self.seen = Seen()
        self.link = Link()
        self.node = None
        self.threads = []
        self.start_seconds = 0.05
        self.verified = 0
        self.chain_id = None

    @staticmethod
    def genesis():
        rich = {a.address: {"balance": RICH} for a in ACCOUNTS}
        crowd = {f"{i + 1:040x}": {"balance": 1} for i in range(CROWD)}
        return {"network_id": "killing", "miners": [MINER.address],
                "block_mining": {"interval": 0, "reward": 1},
                "alloc": {**crowd, **rich}}

    def new_node(self):
        return lib.Node(self.dir, "--validator", "--account", MINER.address,
                        "--genesis", self.genesis_path)

    # what must hold

    def check(self):
        """The node listens: it must know all that was seen."""
        n = self.node
        c = n.connect()
        tip = n.must(n.get("/v1/blocks/latest", connection=c)).json()
        with self.seen.lock:
            fresh, self.seen.fresh = self.seen.fresh, []
            known = dict(self.seen.blocks)
            txs = dict(self.seen.txs)
        if known and max(known) > tip["number"]:
            raise Broken(f"block {max(known)} was seen, the tip is "
                         f"{tip['number']}")
        self.seen.block(tip["number"], tip["id"], tip["time"])
        old = self.rng.sample(sorted(txs), min(20, len(txs)))
        for tx_id in set(fresh[-200:] + old):
            self.check_tx(c, tx_id, txs[tx_id])
        if known:
            last = max(known)
            b = n.must(n.get(f"/v1/blocks/{known[last]}",
                             connection=c)).json()
            if b["number"] != last:
                raise Broken(f"block {last} is now {b['number']}")
        c.close()
        self.raise_broken()

    def check_tx(self, c, tx_id, place):
        r = self.node.get(f"/v1/txs/{tx_id}", connection=c)
        t = r.json() if r.status == 200 else {}
        if t.get("status") not in ("included", "settled") or \
                (t["height"], t["tx"]["block_hash"]) != place:
            raise Broken(f"transaction {tx_id} was in block {place}, now: "
                         f"{r!r}")

    def check_all(self):
        """Once for a chain: every block and transaction ever seen."""
        n = self.node
        c = n.connect()
        for tx_id, place in self.seen.txs.items():
            self.check_tx(c, tx_id, place)
        for first in range(0, max(self.seen.blocks, default=0) + 1, 200):
            r = n.must(n.get(f"/v1/blocks?cursor={first + 199}&limit=200",
                             connection=c)).json()
            for b in r["items"]:
                self.seen.block(b["number"], b["id"], b["time"])
        c.close()
        self.raise_broken()

    def raise_broken(self):
        if self.seen.broken:
            raise Broken(self.seen.broken)

    def verify(self):
        r = subprocess.run(
            [lib.program("ccoin"), "verify", "--json", "-d", self.dir],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            timeout=600 * lib.PATIENCE)
        if not self.seen.blocks and "(not_found)" in r.stderr:
            return  # killed before there was a chain
        if r.returncode:
            raise Broken(f"ccoin verify: {r.stdout}{r.stderr}")
        height = json.loads(r.stdout)["height"]
        if height < max(self.seen.blocks, default=0):
            raise Broken(f"ccoin verify sees height {height} only")
        self.verified += 1

    # rounds

    def metrics(self, *names):
        text = self.node.must(self.node.get("/metrics")).text()
        values = dict(line.split() for line in text.splitlines()
                      if line[0] != "#")
        return [int(values[name]) for name in names]

    def start(self, load=True):
        begin = time.monotonic()
        self.node = self.new_node().start()
        self.start_seconds = time.monotonic() - begin
        chain_id = self.node.chain_id()
        if self.chain_id not in (None, chain_id):
            raise Broken(f"chain {self.chain_id} is now {chain_id}")
        self.chain_id = chain_id
        self.check()
        if not load:
            return
        if not self.threads:
            self.start_threads()
        self.link.open(self.node)

    def start_threads(self):
        for i in range(THREADS):
            self.threads.append(Sender(
                self.link, self.seen, self.rng.random(),
                ACCOUNTS[i::THREADS], self.chain_id))
        self.threads.append(Observer(self.link, self.seen, 0))
        for t in self.threads:
            t.start()

    def kill_under_load(self):
        """At a random moment, but not before something was pushed."""
        goal = self.seen.pushed + 1
        lib.until(lambda: self.seen.pushed >= goal or self.seen.broken)
        self.pause(self.rng.random() ** 2 * 0.8)
        self.kill()

    def kill_in_flush(self):
        """While a flush runs; whether it did is known when it is up again."""
        self.link.heavy = True
        try:
            self.wait_for_flush()
        finally:
            self.link.heavy = False
        self.pause(self.rng.random() * 0.05)
        before = self.metrics("ccoin_flushed_height")
        self.kill()
        # what is to be read again is the most now: kill that start too
        early = self.kill_in_start()
        self.start()
        hit = self.metrics("ccoin_flushed_height") == before
        self.kill_under_load()
        return hit, early

    def wait_for_flush(self):
        last = 0

        def running():
            nonlocal last
            self.raise_broken()
            waiting, = self.metrics("ccoin_unflushed_entries")
            begun = waiting >= FLUSH_ENTRIES or waiting < last
            last = waiting
            return begun

        lib.until(running, limit=300)

    def kill_in_start(self):
        """Before the ready line, mostly."""
        node = self.new_node()
        node.start(ready=False)
        self.node = node
        self.pause(self.rng.random() * self.start_seconds)
        ready = not node.lines.empty()
        self.kill()
        return not ready

    @staticmethod
    def pause(seconds):
        threading.Event().wait(seconds)

    def kill(self):
        if self.node.process.poll() is not None:
            raise Broken(f"the node ended by itself with "
                         f"{self.node.process.returncode}:\n"
                         f"{self.node.log()}")
        self.node.kill()
        self.link.close()
        self.raise_broken()

    def end_load(self):
        self.link.close(end=True)
        for t in self.threads:
            t.join(30 * lib.PATIENCE)
        self.threads = []

    def end(self):
        if self.node:
            self.node.discard()
        self.end_load()


class Killing:
    def __init__(self, kills, seed, top, say=lambda text: None,
                 verify_every=10, flushes=True):
        self.kills = kills
        self.seed = seed
        self.top = top
        self.say = say
        self.verify_every = verify_every
        self.flushes = flushes
        self.count = collections.Counter()

    def run(self):
        done = 0
        while done < self.kills:
            some = min(NEW_CHAIN_AFTER, self.kills - done)
            # a string's own hash() differs from run to run
            seed = zlib.crc32(f"{self.seed}.{done}".encode())
            chain = Chain(self.top, f"chain{done}", seed)
            try:
                self.run_chain(chain, some, done)
            finally:
                chain.end()
            self.count["chains"] += 1
            for name, value in (("blocks", chain.seen.blocks),
                                ("reported", chain.seen.txs)):
                self.count[name] += len(value)
            self.count["pushed"] += chain.seen.pushed
            self.count["verified"] += chain.verified
            shutil.rmtree(chain.dir, ignore_errors=True)
            done += some

    def run_chain(self, chain, kills, before):
        k = 0
        while k < kills:
            k += self.one(chain, k, kills - k)
            self.count["kills"] = before + k
            if k % self.verify_every == 0 or k >= kills:
                chain.verify()
            self.say(f"{before + k} kills, height "
                     f"{max(chain.seen.blocks, default=0)}, "
                     f"{len(chain.seen.txs)} reported transactions")
        chain.end_load()
        chain.start(load=False)
        chain.check_all()
        chain.node.stop()
        chain.verify()

    def one(self, chain, before, left):
        """One or more kills; how many."""
        kind = chain.rng.random()
        if kind < 0.3 or not before:  # the first start makes the chain
            self.count["in start"] += chain.kill_in_start()
            return 1
        chain.start()
        if self.flushes and kind > 0.93 and left > 2:
            hit, early = chain.kill_in_flush()
            self.count["in flush"] += hit
            self.count["under load"] += 1 + (not hit)
            self.count["in start"] += early
            chain.verify()
            return 3
        chain.kill_under_load()
        self.count["under load"] += 1
        return 1

    def summary(self):
        c = self.count
        return (f"{c['kills']} kills (seed {self.seed}): "
                f"{c['under load']} under load, {c['in start']} before the "
                f"ready line, {c['in flush']} during a flush, "
                f"{c['kills'] - c['under load'] - c['in start'] - c['in flush']}"
                f" just after the ready line; "
                f"{c['chains']} chains, {c['blocks']} blocks, "
                f"{c['pushed']} transactions pushed, {c['reported']} "
                f"reported in a block, none lost; verify clean "
                f"{c['verified']} times")


def main():
    if not 2 <= len(sys.argv) <= 3 or not sys.argv[1].isdigit():
        print("usage: killing.py KILLS [SEED]", file=sys.stderr)
        return 2
    seed = sys.argv[2] if len(sys.argv) > 2 else \
        str(random.SystemRandom().randrange(10 ** 6))
    top = tempfile.mkdtemp(prefix="ccoin-kill-")
    killing = Killing(int(sys.argv[1]), seed, top,
                      lambda text: print(text, file=sys.stderr, flush=True))
    try:
        killing.run()
    except (Broken, lib.Failed) as e:
        print(f"not ok: seed {seed}, after {killing.count['kills']} kills: "
              f"{e}\nleft in {top}")
        return 1
    shutil.rmtree(top, ignore_errors=True)
    print(f"ok: {killing.summary()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
