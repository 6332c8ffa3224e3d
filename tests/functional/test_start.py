# SPDX-License-Identifier: MIT
"""A node starts, says where it is, stops, and starts again where it was."""
import os

import lib


class Start(lib.Case):
    def test_dev_chain_says_where_it_is_and_who_has_money(self):
        n = self.dev()
        self.assertRegex(n.url, r"^http://127\.0\.0\.1:\d+/?$")
        self.assertRegex(n.account, r"^[0-9a-f]{40}$")
        self.assertEqual(n.get("/running").text(), "running\n")
        self.assertGreater(n.balance(n.account), 0)
        self.assertEqual(n.height(), 0)

    def test_nothing_but_promised_lines_on_standard_output(self):
        n = self.dev()
        n.stop()
        words = [line.split(" ")[0] for line in n.output]
        self.assertLessEqual(set(words), {"p2p", "http", "account"})

    def test_starts_again_with_the_same_chain(self):
        n = self.dev()
        before = n.chain_id(), n.account, n.balance(n.account)
        n.restart()
        self.assertEqual(
            (n.chain_id(), n.account, n.balance(n.account)), before)

    def test_starts_again_after_kill(self):
        n = self.dev()
        before = n.chain_id()
        n.kill()
        n.start()
        self.assertEqual(n.chain_id(), before)

    def test_the_data_directory_is_the_users_alone(self):
        n = self.dev()
        self.assertEqual(os.stat(n.datadir).st_mode & 0o777, 0o700)
        keys = os.path.join(n.datadir, "keys")
        for name in os.listdir(keys):
            mode = os.stat(os.path.join(keys, name)).st_mode & 0o777
            self.assertEqual(mode, 0o600, name)

    def test_two_nodes_do_not_share_a_data_directory(self):
        n = self.dev()
        with self.assertRaises(lib.Failed):
            self.node("--dev", datadir=n.datadir).start()
        self.assertEqual(n.get("/running").status, 200)


if __name__ == "__main__":
    lib.main(quick=True)
