# SPDX-License-Identifier: MIT
"""How the programs end on a configuration, right or wrong."""
import glob
import json
import os

import lib

class Config(lib.Case):
    def refused(self, status, *args, env=None):
        r = self.run_program("ccoind", "--check-config", *args,
                             status=status, env=env)
        self.assertEqual(r.stdout, "")
        return r.stderr

    def test_the_samples_are_right(self):
        samples = glob.glob(os.path.join(lib.SOURCE, "config", "*.json"))
        self.assertTrue(samples)
        for path in samples:
            for program in "ccoind", "ccoin", "ccoin-init":
                self.run_program(program, "--check-config", "-c", path)

    def test_the_seeds_file_names_the_data_directory(self):
        path = os.path.join(lib.SOURCE, "config", "ccoin.json")
        with open(path, encoding="utf-8") as f:
            account = json.load(f)["client"]["account_address"]
        shown = json.loads(self.run_program(
            "ccoind", "--print-config", "-c", path).stdout)
        self.assertEqual(shown["client.account_address"],
                         {"value": account, "from": path})
        self.assertEqual(shown["datadir"],
                         {"value": f"{self.dir}/ccoin/{account}",
                          "from": path})

    def test_a_mistake_of_use_is_2(self):
        self.assertIn("--prot", self.refused(2, "--prot", "1"))
        self.assertIn("--port: value 70000, expected",
                      self.refused(2, "-p", "70000"))

    def test_a_mistake_in_file_or_environment_is_1(self):
        path = self.write("bad.json", {"p2p": {"port": "x"}})
        text = self.refused(1, "-c", path)
        self.assertIn("p2p.port", text)
        self.assertIn(path, text)
        self.assertIn('value "x", expected an integer 0..65535', text)
        self.assertIn("CCOIN_PORT: value x, expected",
                      self.refused(1, env={"CCOIN_PORT": "x"}))
        self.write("ccoin.json", {"thread": 1})
        self.assertIn("nearest is threads", self.refused(1))

    def test_help_and_version_go_to_standard_output(self):
        for program in "ccoind", "ccoin", "ccoin-init":
            for option in "--help", "--version":
                r = self.run_program(program, option)
                self.assertIn(program, r.stdout)
                self.assertEqual(r.stderr, "")


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin", "ccoin-init"), quick=True)
