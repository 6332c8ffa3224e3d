# SPDX-License-Identifier: MIT
"""Every file of genesis/ and config/ starts what its README says. The seed's
own files work as they are."""
import json
import os
import pty
import re
import shlex
import shutil
import subprocess

import lib
import own

A, B, C = "a" * 40, "b" * 40, "c" * 40
MINED = re.compile(r"Genesis block has been mined: nonce=(\d+), "
                   r"pow_hash=([0-9a-f]{64})\nchain id: ([0-9a-f]{64})\n")


def sample(*parts):
    return os.path.join(lib.SOURCE, *parts)


class Samples(own.Case):
    def setUp(self):
        super().setUp()
        self.home = {"HOME": self.dir}

    def init(self, genesis, *args):
        """(nonce, pow hash, chain id); those two lines were all it said."""
        r = self.run_program("ccoin-init", genesis, *args)
        self.assertEqual(r.stderr, "")
        m = MINED.fullmatch(r.stdout)
        self.assertTrue(m, r.stdout)
        return int(m.group(1)), m.group(2), m.group(3)

    def filled(self, name):
        """A sample of genesis/ with our accounts in it."""
        with open(sample("genesis", name), encoding="utf-8") as f:
            text = f.read()
        for letter, who in ((A, self.miner), (B, own.account(11)),
                            (C, own.account(12))):
            text = text.replace(letter, who.address)
        return self.write(name, text)

    def start(self, name):
        """The node of aaaa... on a chain of that sample."""
        datadir = self.path("data")
        self.put_key(datadir, self.miner)
        mined = self.init(self.filled(name), "-d", datadir)
        self.n = self.node("--validator", "--account", self.miner.address,
                           datadir=datadir).start()
        self.chain_id = self.n.chain_id()
        self.assertEqual(self.chain_id.hex(), mined[2])
        return self.n

    def test_every_sample_is_tested(self):
        for folder, names in (
                ("genesis", ["hard", "seed", "single", "town"]),
                ("config", ["ccoin", "observer", "validator"])):
            there = [n[:-5] for n in os.listdir(sample(folder))
                     if n.endswith(".json")]
            self.assertEqual(sorted(there), names)

    # the seed's own

    def test_the_seeds_files_as_they_are(self):
        """ccoin.json in the working directory, its base path, an account
        whose key is elsewhere."""
        shutil.copy(sample("config", "ccoin.json"), self.dir)
        nonce, pow_hash, chain_id = self.init(sample("genesis", "seed.json"))
        self.assertTrue(pow_hash.startswith("0000"))
        datadir = self.path("ccoin", A)
        self.assertTrue(os.path.isdir(os.path.join(datadir, "chain")))
        n = self.node(configured=True, cwd=self.dir, env=self.home).start()
        self.assertEqual(n.chain_id().hex(), chain_id)
        self.assertEqual(n.get(f"/{A}/").json(), {"peers": 0})
        self.assertEqual(n.balance(A), 1000000)
        b = n.get("/block?index=0").json()
        self.assertEqual((b["nonce"], b["coinbase"], b["reward"]),
                         (nonce, "", 0))
        self.assertIn("this node follows", n.log())
        self.assertIn(datadir, n.log())

    def test_two_nodes_share_the_seeds_base_path(self):
        for letter in A, B:
            with open(sample("config", "ccoin.json"), encoding="utf-8") as f:
                c = json.load(f)
            c["client"]["account_address"] = letter
            config = self.write(letter + ".json", c)
            self.init(sample("genesis", "seed.json"), "-c", config)
            self.node("-c", config, configured=True, env=self.home).start()
        self.assertEqual(sorted(os.listdir(self.path("ccoin"))), [A, B])

    def test_the_same_file_gives_the_same_chain_elsewhere(self):
        for name in "seed.json", "single.json", "town.json", "hard.json":
            one = self.init(sample("genesis", name), "-d", self.path("1" + name))
            two = self.init(sample("genesis", name), "-d", self.path("2" + name))
            self.assertEqual(one, two)

    def test_the_seeds_chain_makes_blocks(self):
        self.start("seed.json")
        # the first is due at once; the second when ten wait, not in 600 s
        self.wait_for_height(1)
        first = self.block(1)
        self.assertEqual((first["coinbase"], first["reward"], first["body"]),
                         (self.miner.address, 100, []))
        self.assertEqual(len(first["data"]), 15)
        ids = self.push(*[self.tx(B, 1, sender=self.miner)
                          for _ in range(10)])
        for tx_id in ids:
            self.assertEqual(self.wait_in_block(tx_id), 2)
        self.assertEqual(self.n.balance(self.miner.address), 1000190)

    # genesis/

    def test_single(self):
        n = self.start("single.json")
        self.send(B, 5, sender=self.miner)
        self.assertEqual((n.height(), n.balance(B)), (1, 5))
        self.assertEqual(n.balance(self.miner.address), 999999995)

    def test_town_one_authority_alone(self):
        """It makes blocks in its own slots, and goes on while what it made
        is not settled, which alone it never is."""
        n = self.start("town.json")
        self.assert_problem(n.push(self.tx(B, 5, sender=self.miner)), 422,
                            "fee_too_low")
        self.nonces.clear()
        height = self.wait_in_block(
            self.push(self.tx(B, 5, sender=self.miner, fee=1))[0])
        self.assertEqual(height, 1)
        self.wait_for_height(2)
        blocks = self.blocks()
        slots = [b["time"] // 2000 for b in blocks[1:]]
        self.assertEqual({s % 3 for s in slots}, {0})
        self.assertEqual(slots, sorted(set(slots)))
        self.assertEqual({b["coinbase"] for b in blocks[1:]},
                         {self.miner.address})
        self.assertEqual([b["settled"] for b in blocks],
                         [True] + [False] * (len(blocks) - 1))
        self.assertEqual(blocks[2]["data"], "nothing happened")
        tx_id = blocks[1]["body"][0]["id"]
        self.assertEqual(self.state_of(tx_id)["status"], "included")
        self.assertEqual(n.balance(self.miner.address),
                         1000000 - 5 + len(blocks) - 1)

    def test_hard_is_mined_in_seconds_and_the_node_runs(self):
        n = self.start("hard.json")
        b = n.get("/block?index=0").json()
        self.assertEqual(b["difficulty"], 5)
        self.assertEqual((b["coinbase"], b["reward"]),
                         (self.miner.address, 1000000000))
        self.send(B, 5, sender=self.miner)
        self.assertEqual(n.balance(B), 5)

    def test_mining_shows_progress_on_a_terminal(self):
        """Difficulty 5, and a name with which it takes millions of tries."""
        with open(sample("genesis", "hard.json"), encoding="utf-8") as f:
            g = json.load(f)
        g["network_id"] = "long 50"
        path = self.write("long.json", g)
        quiet = self.run_program("ccoin-init", path, "-d", self.path("one"))
        self.assertEqual(quiet.stderr, "")
        try:
            ours, theirs = pty.openpty()
        except OSError:
            self.skipTest("there are no terminals here")
        p = subprocess.Popen(
            [lib.program("ccoin-init"), path, "-d", self.path("two")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        out = p.communicate(timeout=60 * lib.PATIENCE)[0]
        self.assertEqual((p.returncode, out.decode()), (0, quiet.stdout))
        self.assertRegex(shown.decode(), r"\rmining: \d+ tried, \d+/s")
        self.assertTrue(shown.endswith(b"\n"))
        self.assertTrue(MINED.match(quiet.stdout).group(2)
                        .startswith("00000"))

    # config/

    def configured(self, name, *args, genesis="single.json"):
        """A node on a sample of config/ with our account, made with nothing
        but what the README says."""
        with open(sample("config", name), encoding="utf-8") as f:
            text = f.read().replace(A, self.miner.address)
        config = self.write(name, text)
        self.init(self.filled(genesis), "-c", config)
        n = self.node("-c", config, "--http", "127.0.0.1:0", *args,
                      configured=True, env=self.home)
        self.n = n.start()
        self.chain_id = n.chain_id()
        return n

    def test_config_validator(self):
        self.put_key(self.path(".ccoin"), self.miner)
        n = self.configured("validator.json")
        self.assertTrue(os.path.isdir(self.path(".ccoin", "chain")))
        self.send(B, 5, sender=self.miner)
        self.assertEqual(n.balance(B), 5)

    def test_config_observer(self):
        n = self.configured("observer.json", "--log-level", "info")
        self.assertTrue(os.path.isdir(self.path(".ccoin-observer", "chain")))
        self.assertEqual(n.push(self.tx(B, 5, sender=self.miner)).status, 202)
        self.assertEqual(len(n.get("/unprocessed").json()), 1)
        r = n.get("/running", headers={"Host": "ledger.example"})
        self.assertEqual(r.status, 200)
        self.assert_problem(n.get("/running", headers={
            "Host": "other.example"}), 403, "bad_host")
        for line in n.log().splitlines():
            json.loads(line)
        self.assertEqual(n.height(), 0)

    def test_config_ccoin(self):
        datadir = self.path("ccoin", self.miner.address)
        os.makedirs(os.path.dirname(datadir), mode=0o700)
        self.put_key(datadir, self.miner)
        n = self.configured("ccoin.json", "-t", "validator")
        self.assertTrue(os.path.isdir(os.path.join(datadir, "chain")))
        self.send(B, 5, sender=self.miner)
        self.assertEqual(n.balance(B), 5)

    # scripts/new-chain

    def test_new_chain_does_it_in_one_step(self):
        others = [own.account(11).address, own.account(12).address]
        for name, others in (("single.json", []), ("town.json", others)):
            datadir = self.path(name)
            r = subprocess.run(
                [sample("scripts", "new-chain"), sample("genesis", name),
                 datadir, *others], text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=dict(os.environ, CCOIN_BUILD=lib.BUILD, HOME=self.dir),
                timeout=60 * lib.PATIENCE)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            m = MINED.match(r.stdout)
            command = shlex.split(r.stdout[m.end():])
            self.assertEqual(command[:3],
                             [lib.program("ccoind"), "-d", datadir])
            n = self.node(*command[3:], datadir=datadir).start()
            self.assertEqual(n.chain_id().hex(), m.group(3))
            self.assertEqual(n.get(f"/{command[-1]}/").json(), {"peers": 0})
            n.stop()


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin", "ccoin-init"))
