# SPDX-License-Identifier: MIT
"""kill -9 at random moments loses nothing that was reported. This is the
short form; scripts/kill-test is the long one."""
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


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin"))
