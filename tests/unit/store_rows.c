/* SPDX-License-Identifier: MIT */
/* What the tests of the store share; see the header. */
#include <config.h>

#include "store_rows.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct store *open_or_fail(const char *dir, unsigned flags)
{
	struct store *s;
	struct fault f = {0};

	if (store_open(&s, dir, flags, &f))
		ck_abort_msg("%s: %s", err_code(f.code), f.detail);
	return s;
}

/* Batch n: "k" counts the batches, and a row of its own. */
struct kv_batch numbered(uint64_t n, size_t extra)
{
	static uint8_t bytes[1 << 16];
	struct kv_batch b = {0};
	uint8_t key[8];

	put_be64(key, n);
	kv_batch_put(&b, KV_META, span_str("k"), SPAN_OF(key));
	kv_batch_put(&b, KV_BLOCKS, SPAN_OF(key), SPAN(bytes, extra));
	kv_batch_put(&b, KV_HEIGHTS, SPAN_OF(key), SPAN_OF(key));
	return b;
}

/* The content is that of batches 1 to n and nothing else: n. */
uint64_t expect_prefix(struct kv_view *v)
{
	struct kv_cursor *blocks = kv_cursor_open(v, KV_BLOCKS);
	struct kv_cursor *heights = kv_cursor_open(v, KV_HEIGHTS);
	struct span value;
	uint64_t n = 0, i;
	enum err e, e2;

	e = kv_get(v, &value, KV_META, span_str("k"));
	if (!e)
		n = get_be64(value.data);
	else if (e != ERR_NOT_FOUND)
		ck_abort_msg("%s", err_code(e));
	e = kv_seek(blocks, SPAN(NULL, 0));
	e2 = kv_seek(heights, SPAN(NULL, 0));
	for (i = 1; i <= n; i++) {
		if (e || e2 || get_be64(blocks->key.data) != i ||
		    get_be64(heights->key.data) != i)
			ck_abort_msg("row %llu of %llu", (unsigned long long)i,
				     (unsigned long long)n);
		e = kv_next(blocks);
		e2 = kv_next(heights);
	}
	ck_assert_int_eq(e, ERR_NOT_FOUND);
	ck_assert_int_eq(e2, ERR_NOT_FOUND);
	kv_cursor_close(blocks);
	kv_cursor_close(heights);
	return n;
}

int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return status;
}

/* Run a function in a child; it returns 0 when all is well. */
int in_child(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(fn(arg));
	return wait_for(pid);
}

void commit(struct store *s, const char *key, const char *value)
{
	struct kv_batch b = {0};
	struct fault f;

	kv_batch_put(&b, KV_KEYS, span_str(key), span_str(value));
	ck_assert_int_eq(store_commit_sync(s, &b, &f), ERR_OK);
	kv_batch_release(&b);
}

bool sees(struct kv_view *v, const char *key)
{
	struct span value;
	enum err e = kv_get(v, &value, KV_KEYS, span_str(key));

	ck_assert(e == ERR_OK || e == ERR_NOT_FOUND);
	return !e;
}
