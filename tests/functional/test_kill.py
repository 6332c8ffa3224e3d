# SPDX-License-Identifier: MIT
"""kill -9 at random moments loses nothing that was reported. This is the
short form; scripts/kill-test is the long one."""
import os
import shutil

import killing
import lib


class Kill(lib.Case):
    limit = 120

    def test_nothing_reported_is_lost_and_no_slot_is_signed_twice(self):
        k = killing.Killing(10, "short", self.dir, verify_every=1,
                            flushes=False)
        k.run()
        print(k.summary(), flush=True)
        self.assertEqual(k.count["kills"], 10)
        self.assertGreater(k.count["under load"], 3)
        self.assertGreater(k.count["reported"], 0)

    def test_it_would_notice_if_blocks_were_gone(self):
        """With the store of an earlier moment in place of the present one."""
        chain = killing.Chain(self.dir, "chain", 1)
        self.addCleanup(chain.end)
        chain.start()
        chain.kill_under_load()
        store, old = os.path.join(chain.dir, "chain"), self.path("old")
        shutil.copytree(store, old)
        chain.start()
        height = max(chain.seen.blocks)
        lib.until(lambda: max(chain.seen.blocks) > height)
        chain.kill_under_load()
        chain.verify()
        shutil.rmtree(store)
        shutil.copytree(old, store)
        with self.assertRaises(killing.Broken):
            chain.verify()
        with self.assertRaises(killing.Broken):
            chain.start()

    def test_it_would_notice_a_slot_that_is_signed_twice(self):
        seen = killing.Seen()
        seen.block(1, "aa", 1000)
        seen.block(1, "aa", 1000)
        self.assertIsNone(seen.broken)
        seen.block(2, "bb", 1009)
        self.assertIn("slot 100 was signed twice", seen.broken)


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin"))
