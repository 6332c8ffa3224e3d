/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the store share: batches that are numbered, so that the
 * content tells which of them it holds. Any failure fails the test.
 */
#ifndef UNIT_STORE_ROWS_H
#define UNIT_STORE_ROWS_H

#include <sys/types.h>

#include "store/kv_lmdb.h"

struct store *open_or_fail(const char *dir, unsigned flags);
/* Batch n, from 1: the count, and rows of its own, one of extra bytes (at
 * most 64 KiB). */
struct kv_batch numbered(uint64_t n, size_t extra);
/* The content is that of batches 1 to n and nothing else: n. */
uint64_t expect_prefix(struct kv_view *v);
/* A row beside the numbered ones, written and waited for; and whether it is
 * there. */
void commit(struct store *s, const char *key, const char *value);
bool sees(struct kv_view *v, const char *key);

/* The child's status. */
int wait_for(pid_t pid);
/* Run a function in a child; it returns 0 when all is well. */
int in_child(int (*fn)(void *), void *arg);

#endif
