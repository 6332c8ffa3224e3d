/* SPDX-License-Identifier: MIT */
/*
 * Memory and broken invariants. Every allocation here succeeds or aborts:
 * lengths that come from outside are bounded before they reach it.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NOT_NULL __attribute__((returns_nonnull))
#define NORETURN __attribute__((noreturn))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* An invariant of ours is broken: say where, and abort. */
#define BUG(text) bug_at(__FILE__, __LINE__, (text))
NORETURN void bug_at(const char *file, int line, const char *text);

/* Allocate; the caller frees with free(). Abort when memory runs out. */
MUST_USE NOT_NULL void *xmalloc(size_t size);
MUST_USE NOT_NULL void *xcalloc(size_t count, size_t size);
/* Grow or shrink an array; abort when count * size overflows. */
MUST_USE NOT_NULL void *xrealloc(void *old, size_t count, size_t size);
MUST_USE NOT_NULL void *xmemdup(const void *data, size_t len);
MUST_USE NOT_NULL char *xstrdup(const char *text);

#endif
