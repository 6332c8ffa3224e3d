/* SPDX-License-Identifier: MIT */
/*
 * A node, and whatever its peers, its clients, the clock, the workers and the
 * disk do, in any order. The input is a first byte (who the node is; 16: it
 * waits for a first peer; 32: settling takes every signature for good; 64: of
 * a chain that votes, blocks are made of transactions alone) and then steps,
 * each a byte that says which and its arguments:
 *
 *   0 connect     slot, flags (1 inbound, 2 proved), id
 *   1 message     slot, type, length (2 bytes, low first), body
 *   2 disconnect  slot
 *   3 time        ms (2 bytes)
 *   4 job         which, how
 *   5 commit
 *   6 settle      carry out all jobs, commits and records
 *   7 hello       slot, height
 *   8 submit      length (2 bytes), transaction
 *   9 restart
 *
 * and, on a chain that votes,
 *
 *  10 persist     a record of the vote journal
 *  11 restart     what became of the journal
 *  12 vote        slot, kind | seat << 2 | height << 4 (above the tip),
 *                 round | prepared << 4, block
 *  13 propose     as 12, and: byte (2 bytes), bits that are flipped in it
 *
 * With 12 and 13 an input has what is signed without knowing a key or a hash:
 * votes of other validators for the blocks that were proposed, and proposals of
 * blocks that nearly are these.
 *
 * What must hold is in world.c and world_votes.c; make-corpus.py writes
 * conversations.
 */
#ifndef FUZZ_STEPS_H
#define FUZZ_STEPS_H

#include "fuzz/world.h"

/* FUZZ_TELL in the environment: say what came of it. */
void steps_run(enum world_engine engine, const uint8_t *data, size_t len);

#endif
