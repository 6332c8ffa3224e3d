# SPDX-License-Identifier: MIT
"""ccoin votes: what the vote journal of a data directory holds, and its
replacement by hand."""
import json
import os
import re
import stat
import threading

import lib


class Votes(lib.Case):
    def setUp(self):
        super().setUp()
        self.data = os.path.join(self.dir, "data")
        self.file = os.path.join(self.data, "votes")

    def ccoin(self, *args, **kw):
        return self.run_program("ccoin", *args, "-d", self.data, **kw)

    def show(self):
        r = self.ccoin("votes", "show", "--json")
        self.assertEqual(r.stderr, "")
        return json.loads(r.stdout)

    def content(self):
        with open(self.file, "rb") as f:
            return f.read()

    def test_the_first_account_brings_a_journal_and_no_other_replaces_it(self):
        self.ccoin("create-account", "--type", "ed25519")
        first = self.content()
        mode = os.stat(self.file).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.ccoin("create-account", "--type", "ed25519")
        self.assertEqual(self.content(), first)
        shown = self.show()
        self.assertRegex(shown.pop("id"), r"^[0-9a-f]{32}$")
        self.assertEqual(shown, {"last": 0, "floor": None, "records": []})
        self.assertEqual(self.content(), first)

    def test_a_development_chain_has_one_with_its_account(self):
        n = self.dev()
        n.stop()
        self.data = n.datadir
        self.assertEqual(self.show()["last"], 0)

    def test_reset_makes_another_that_signs_nothing_below(self):
        self.ccoin("create-account", "--type", "ed25519")
        before = self.show()["id"]
        r = self.ccoin("votes", "reset", "--from-height", "1234")
        made = re.search(r"[0-9a-f]{32}", r.stdout).group()
        self.assertIn("nothing below height 1234 is signed", r.stdout)
        self.assertIn("warning: this forgets what this validator signed",
                      r.stderr)
        self.assertNotIn("goes up to", r.stderr)
        self.assertNotEqual(made, before)
        self.assertEqual(self.show(), {
            "id": made, "last": 1, "floor": 1234,
            "records": [{"kind": "floor", "height": 1234, "number": 1}]})
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        text = self.ccoin("votes", "show").stdout
        for line in (f"id {made}\n", "last 1\n", "floor 1234\n"):
            self.assertIn(line, text)
        # downwards is allowed, and said
        r = self.ccoin("votes", "reset", "--from-height", "7", "--json")
        self.assertIn("goes up to height 1234", r.stderr)
        self.assertEqual(json.loads(r.stdout),
                         {"id": self.show()["id"], "from_height": 7})

    def test_reset_is_for_a_journal_that_is_gone_or_damaged(self):
        self.ccoin("create-account", "--type", "ed25519")
        for damage in (lambda: os.unlink(self.file),
                       lambda: os.truncate(self.file, 100),
                       lambda: os.chmod(self.file, 0o644)):
            damage()
            r = self.ccoin("votes", "show", status=1)
            self.assertEqual(r.stdout, "")
            self.assertIn(self.file, r.stderr)
            self.ccoin("votes", "reset", "--from-height", "9")
            self.assertEqual(self.show()["floor"], 9)

    def test_damage_says_what_to_do(self):
        self.ccoin("create-account", "--type", "ed25519")
        with open(self.file, "r+b") as f:
            f.seek(40)
            f.write(b"xxxx")
        r = self.ccoin("votes", "show", status=1)
        self.assertIn("ccoin votes reset --from-height H", r.stderr)

    def test_a_running_node_keeps_it(self):
        n = self.dev()
        self.data, self.file = n.datadir, os.path.join(n.datadir, "votes")
        before = self.content()
        for words in (("show",), ("reset", "--from-height", "5")):
            r = self.ccoin("votes", *words, status=1)
            self.assertIn(".lock", r.stderr)
            self.assertEqual(r.stdout, "")
        self.assertEqual(self.content(), before)

    def test_words_that_make_no_sense(self):
        self.ccoin("create-account", "--type", "ed25519")
        before = self.content()
        for words, told in (
                (("reset",), "--from-height H"),
                (("reset", "--from-height", "0"), "from-height"),
                (("reset", "--from-height", "x"), "from-height"),
                (("reset", "--from-height", str(2 ** 53)), "from-height"),
                (("show", "--from-height", "4"), "--from-height"),
                (("forget",), "forget"),
                ((), "votes"),
                (("show", "reset"), "votes")):
            with self.subTest(words=words):
                r = self.ccoin("votes", *words, status=2)
                self.assertIn(told, r.stderr)
                self.assertEqual(r.stdout, "")
        self.assertEqual(self.content(), before)

    def test_a_place_that_does_not_exist_is_not_made(self):
        self.ccoin("votes", "reset", "--from-height", "5", status=1)
        self.assertFalse(os.path.exists(self.data))

    def test_accounts_made_at_once_share_one_journal(self):
        os.mkdir(self.data, 0o700)
        made = [threading.Thread(target=self.ccoin, args=(
            "create-account", "--type", "ed25519")) for _ in range(4)]
        for t in made:
            t.start()
        for t in made:
            t.join()
        self.assertEqual(len(self.ccoin("accounts").stdout.split()), 4)
        self.assertEqual(self.show()["last"], 0)
        self.assertEqual([name for name in os.listdir(self.data)
                          if name.startswith("votes")], ["votes"])


if __name__ == "__main__":
    lib.main()
