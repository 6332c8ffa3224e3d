# SPDX-License-Identifier: MIT
"""What operators of a network get wrong is answered in a line that names the
place and says what was expected or what to do; nothing is made that would be
in the way of doing it right."""
import os

import lib
import own
from test_p2p import p2p


class Mistakes(own.Case):
    def refused(self, *args, words, data=None):
        run = self.run_program("ccoind", "-d", data or self.path("other"),
                               "-p", "0", *args, status=1)
        for word in words:
            self.assertIn(word, run.stderr)

    def logs(self, node, *words):
        lib.until(lambda: all(word in node.log() for word in words))

    def test_a_genesis_file_that_is_not_of_the_hash_makes_nothing(self):
        self.chain()
        wrong = self.write("wrong.json", self.genesis(min_fee=7))
        want = ("--genesis-hash", self.chain_id.hex())
        self.refused("--genesis", wrong, *want,
                     words=("other_chain", wrong, self.chain_id.hex()[:16],
                            "nothing was made"))
        # the right one is not refused for what the wrong one left
        self.node("--genesis", self.path("genesis.json"), *want,
                  datadir=self.path("other")).start()

    def test_an_authority_without_its_key_is_told_where_it_goes(self):
        path = self.write("g.json", self.genesis())
        data = self.path("other")
        self.refused("--genesis", path, "--validator", "--account",
                     self.miner.address,
                     words=("account: ", f"keys/{self.miner.address}.pem",
                            "not_found", "copy of the account's key"),
                     data=data)
        self.put_key(data, self.miner)
        n = self.node("--genesis", path, "--validator", "--account",
                      self.miner.address, datadir=data).start()
        self.logs(n, "makes blocks as authority " + self.miner.address)

    def test_the_http_port_in_the_place_of_the_p2p_port_is_named(self):
        n = self.chain()
        http = n.url.partition("//")[2].rstrip("/")
        self.refused("--genesis-hash", self.chain_id.hex(), "--connect", http,
                     words=(http, "not its HTTP port"))
        other = self.node("--genesis", self.path("genesis.json"),
                          "--connect", http).start()
        self.logs(other, http, "not its HTTP port", "makes no blocks")

    def test_tls_at_a_plain_node_is_named(self):
        path = self.write("g.json", self.genesis())
        plain = self.node("--genesis", path, "--p2p-plain", "--listen",
                          "127.0.0.1:0").start()
        self.node("--genesis", path, "--connect", p2p(plain)).start()
        self.logs(plain, "it speaks TLS", "--p2p-plain")

    def test_the_p2p_port_in_use_names_the_option(self):
        n = self.chain()
        port = p2p(n).rpartition(":")[2]
        run = self.run_program(
            "ccoind", "-d", self.path("other"), "--genesis",
            self.path("genesis.json"), "--listen", "127.0.0.1:" + port,
            "--http", "127.0.0.1:0", status=1)
        self.assertIn(port, run.stderr)
        self.assertIn("--listen", run.stderr)

    def test_one_account_in_two_daemons_is_told_to_both(self):
        n = self.chain()
        data = self.path("twin")
        self.put_key(data, self.miner)
        twin = self.node("--genesis", self.path("genesis.json"), "--account",
                         self.miner.address, "--connect", p2p(n),
                         datadir=data).start()
        for one in n, twin:
            lib.until(lambda one=one: any(
                "warning" in line and "duplicate_id" in line and
                "stop one of the two" in line
                for line in one.log().splitlines()))

    def test_a_node_key_that_is_none_says_how_to_get_another(self):
        path = self.write("g.json", self.genesis())
        n = self.node("--genesis", path).start()
        n.stop()
        key = os.path.join(n.datadir, "node.pem")
        with open(key, "w", encoding="ascii") as f:
            f.write("nothing\n")
        self.refused(words=(key, "remove it"), data=n.datadir)
        os.unlink(key)
        n.start()


if __name__ == "__main__":
    lib.main()
