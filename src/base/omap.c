/* SPDX-License-Identifier: MIT */
/*
 * A B-tree (Cormen et al., with splits and merges on the way down) whose
 * entries are allocations of their own, linked in key order. A page keeps
 * the first eight bytes of each key beside the pointer, so that a search
 * rarely leaves the page. Promises a depth of log16 of the count, whatever
 * the keys, and that an entry stays put while pages split and merge.
 */
#include "base/omap.h"

#include <stdlib.h>
#include <string.h>

/* Every page but the root holds DEGREE - 1 to 2 * DEGREE - 1 entries. */
#define DEGREE 16
#define PAGE_MAX (2 * DEGREE - 1)

struct omap_node {
	struct omap_node *prev, *next;
	uint32_t key_len, value_len;
	uint8_t bytes[]; /* the key, then the value */
};

struct page {
	size_t count;
	bool leaf;
	uint64_t prefix[PAGE_MAX];
	struct omap_node *entry[PAGE_MAX];
	struct page *child[]; /* PAGE_MAX + 1, not in a leaf */
};

struct omap {
	struct page *root;
	struct omap_node *first, *last;
	size_t count;
};

static struct page *page_new(bool leaf)
{
	struct page *p = xmalloc(
		sizeof(*p) + (leaf ? 0 : (PAGE_MAX + 1) * sizeof(p->child[0])));

	p->count = 0;
	p->leaf = leaf;
	return p;
}

/* The pages only; not the entries. */
static void page_free(struct page *p)
{
	size_t i;

	if (!p->leaf)
		for (i = 0; i <= p->count; i++)
			page_free(p->child[i]);
	free(p);
}

struct omap *omap_new(void)
{
	struct omap *m = xcalloc(1, sizeof(*m));

	m->root = page_new(true);
	return m;
}

void omap_free(struct omap *m)
{
	struct omap_node *n, *next;

	if (!m)
		return;
	for (n = m->first; n; n = next) {
		next = n->next;
		free(n);
	}
	page_free(m->root);
	free(m);
}

size_t omap_count(const struct omap *m)
{
	return m->count;
}

struct span omap_key(const struct omap_node *n)
{
	return SPAN(n->bytes, n->key_len);
}

struct span omap_value(const struct omap_node *n)
{
	return SPAN(n->bytes + n->key_len, n->value_len);
}

uint8_t *omap_bytes(struct omap_node *n)
{
	return n->bytes + n->key_len;
}

struct omap_node *omap_next(const struct omap *m, struct omap_node *n)
{
	(void)m;
	return n->next;
}

struct omap_node *omap_prev(const struct omap *m, struct omap_node *n)
{
	(void)m;
	return n->prev;
}

/* The first eight bytes as a number; its order agrees with span_cmp(). */
static uint64_t prefix_of(struct span key)
{
	uint8_t first[8] = {0};

	if (key.len >= 8)
		return get_be64(key.data);
	if (key.len)
		memcpy(first, key.data, key.len);
	return get_be64(first);
}

/* The first slot whose key is >= key. */
static size_t page_search(const struct page *p, uint64_t prefix,
			  struct span key, bool *equal)
{
	size_t low = 0, high = p->count, mid;
	int c;

	while (low < high) {
		mid = (low + high) / 2;
		if (p->prefix[mid] == prefix) {
			c = span_cmp(omap_key(p->entry[mid]), key);
			if (!c) {
				*equal = true;
				return mid;
			}
		} else {
			c = p->prefix[mid] < prefix ? -1 : 1;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*equal = false;
	return low;
}

struct omap_node *omap_lower(const struct omap *m, struct span key)
{
	const struct page *p = m->root;
	struct omap_node *found = NULL;
	uint64_t prefix = prefix_of(key);
	bool equal;
	size_t i;

	if (!key.len)
		return m->first;
	for (;;) {
		i = page_search(p, prefix, key, &equal);
		if (i < p->count)
			found = p->entry[i];
		if (equal || p->leaf)
			return found;
		p = p->child[i];
	}
}

struct omap_node *omap_find(const struct omap *m, struct span key)
{
	const struct page *p = m->root;
	uint64_t prefix = prefix_of(key);
	bool equal;
	size_t i;

	for (;;) {
		i = page_search(p, prefix, key, &equal);
		if (equal)
			return p->entry[i];
		if (p->leaf)
			return NULL;
		p = p->child[i];
	}
}

struct omap_node *omap_before(const struct omap *m, struct span key)
{
	struct omap_node *n;

	if (!key.data)
		return m->last;
	n = omap_lower(m, key);
	return n ? n->prev : m->last;
}

static void slot_move(struct page *to, size_t at, const struct page *from,
		      size_t first, size_t n)
{
	memmove(to->prefix + at, from->prefix + first, n * sizeof(*to->prefix));
	memmove(to->entry + at, from->entry + first, n * sizeof(*to->entry));
}

static void child_move(struct page *to, size_t at, const struct page *from,
		       size_t first, size_t n)
{
	if (!to->leaf)
		memmove(to->child + at, from->child + first,
			n * sizeof(*to->child));
}

static void slot_set(struct page *p, size_t i, struct omap_node *n)
{
	p->prefix[i] = prefix_of(omap_key(n));
	p->entry[i] = n;
}

static void page_insert(struct page *p, size_t i, struct omap_node *n)
{
	slot_move(p, i + 1, p, i, p->count - i);
	slot_set(p, i, n);
	p->count++;
}

/* Split the full child i of p, which is not full; its median moves up. */
static void page_split(struct page *p, size_t i)
{
	struct page *left = p->child[i], *right = page_new(left->leaf);

	right->count = DEGREE - 1;
	slot_move(right, 0, left, DEGREE, DEGREE - 1);
	child_move(right, 0, left, DEGREE, DEGREE);
	left->count = DEGREE - 1;
	child_move(p, i + 2, p, i + 1, p->count - i);
	p->child[i + 1] = right;
	page_insert(p, i, left->entry[DEGREE - 1]);
}

static struct omap_node *node_new(struct span key, struct span head,
				  struct span tail)
{
	size_t value_len = head.len + tail.len;
	struct omap_node *n;

	if (key.len > UINT32_MAX || value_len > UINT32_MAX)
		BUG("omap entry is too long");
	n = xmalloc(sizeof(*n) + key.len + value_len);
	n->key_len = (uint32_t)key.len;
	n->value_len = (uint32_t)value_len;
	if (key.len)
		memcpy(n->bytes, key.data, key.len);
	if (head.len)
		memcpy(omap_bytes(n), head.data, head.len);
	if (tail.len)
		memcpy(omap_bytes(n) + head.len, tail.data, tail.len);
	return n;
}

/* Put n between its neighbours, either of which may be NULL. */
static void link_between(struct omap *m, struct omap_node *prev,
			 struct omap_node *n, struct omap_node *next)
{
	n->prev = prev;
	n->next = next;
	*(prev ? &prev->next : &m->first) = n;
	*(next ? &next->prev : &m->last) = n;
}

/* Give entry i of p another value. */
static struct omap_node *set_value(struct omap *m, struct page *p, size_t i,
				   struct span key, struct span head,
				   struct span tail)
{
	struct omap_node *old = p->entry[i], *n;

	if (old->value_len == head.len + tail.len) {
		if (tail.len)
			memmove(omap_bytes(old) + head.len, tail.data,
				tail.len);
		if (head.len)
			memmove(omap_bytes(old), head.data, head.len);
		return old;
	}
	n = node_new(key, head, tail);
	link_between(m, old->prev, n, old->next);
	p->entry[i] = n;
	free(old);
	return n;
}

struct omap_node *omap_put_parts(struct omap *m, struct span key,
				 struct span head, struct span tail)
{
	struct page *p = m->root;
	uint64_t prefix = prefix_of(key);
	struct omap_node *n;
	bool equal;
	size_t i;

	if (p->count == PAGE_MAX) {
		m->root = page_new(false);
		m->root->child[0] = p;
		p = m->root;
		page_split(p, 0);
	}
	for (;;) {
		i = page_search(p, prefix, key, &equal);
		if (equal)
			return set_value(m, p, i, key, head, tail);
		if (p->leaf)
			break;
		if (p->child[i]->count == PAGE_MAX)
			page_split(p, i); /* look again: the median is here */
		else
			p = p->child[i];
	}
	n = node_new(key, head, tail);
	/* Within a leaf the neighbours in the map are those in the page. */
	if (i < p->count)
		link_between(m, p->entry[i]->prev, n, p->entry[i]);
	else if (i)
		link_between(m, p->entry[i - 1], n, p->entry[i - 1]->next);
	else
		link_between(m, NULL, n, NULL);
	page_insert(p, i, n);
	m->count++;
	return n;
}

struct omap_node *omap_put(struct omap *m, struct span key, struct span value)
{
	return omap_put_parts(m, key, SPAN(NULL, 0), value);
}

/* Join children i and i + 1 of p, both minimal, around its entry i. */
static struct page *page_merge(struct page *p, size_t i)
{
	struct page *left = p->child[i], *right = p->child[i + 1];

	slot_move(left, DEGREE - 1, p, i, 1);
	slot_move(left, DEGREE, right, 0, DEGREE - 1);
	child_move(left, DEGREE, right, 0, DEGREE);
	left->count = PAGE_MAX;
	free(right);
	slot_move(p, i, p, i + 1, p->count - i - 1);
	child_move(p, i + 1, p, i + 2, p->count - i - 1);
	p->count--;
	return left;
}

/* Child i of p, made to hold an entry more than the least. */
static struct page *child_fill(struct page *p, size_t i)
{
	struct page *c = p->child[i], *from;

	if (c->count >= DEGREE)
		return c;
	if (i && p->child[i - 1]->count >= DEGREE) {
		from = p->child[i - 1];
		slot_move(c, 1, c, 0, c->count);
		slot_move(c, 0, p, i - 1, 1);
		slot_move(p, i - 1, from, from->count - 1, 1);
		child_move(c, 1, c, 0, c->count + 1);
		child_move(c, 0, from, from->count, 1);
	} else if (i < p->count && p->child[i + 1]->count >= DEGREE) {
		from = p->child[i + 1];
		slot_move(c, c->count, p, i, 1);
		slot_move(p, i, from, 0, 1);
		slot_move(from, 0, from, 1, from->count - 1);
		child_move(c, c->count + 1, from, 0, 1);
		child_move(from, 0, from, 1, from->count);
	} else {
		return page_merge(p, i < p->count ? i : i - 1);
	}
	c->count++;
	from->count--;
	return c;
}

/*
 * Take the key's slot out of the tree: the entry, or NULL. An entry in an
 * inner page is replaced there by a neighbour, whose own slot, in a leaf,
 * goes instead.
 */
static struct omap_node *tree_take(struct omap *m, struct span key)
{
	struct page *p = m->root;
	struct omap_node *taken = NULL, *stand_in;
	uint64_t prefix = prefix_of(key);
	bool equal;
	size_t i;

	for (;;) {
		i = page_search(p, prefix, key, &equal);
		if (p->leaf)
			break;
		if (!equal) {
			p = child_fill(p, i);
			continue;
		}
		if (p->child[i]->count < DEGREE &&
		    p->child[i + 1]->count < DEGREE) {
			p = page_merge(p, i);
			continue;
		}
		if (!taken)
			taken = p->entry[i];
		if (p->child[i]->count >= DEGREE) {
			stand_in = p->entry[i]->prev;
			slot_set(p, i, stand_in);
			p = p->child[i];
		} else {
			stand_in = p->entry[i]->next;
			slot_set(p, i, stand_in);
			p = p->child[i + 1];
		}
		key = omap_key(stand_in);
		prefix = prefix_of(key);
	}
	if (!equal)
		return NULL;
	if (!taken)
		taken = p->entry[i];
	slot_move(p, i, p, i + 1, p->count - i - 1);
	p->count--;
	return taken;
}

bool omap_del(struct omap *m, struct span key)
{
	struct omap_node *n = tree_take(m, key);
	struct page *root = m->root;

	if (!root->count && !root->leaf) {
		m->root = root->child[0];
		free(root);
	}
	if (!n)
		return false;
	*(n->prev ? &n->prev->next : &m->first) = n->next;
	*(n->next ? &n->next->prev : &m->last) = n->prev;
	free(n);
	m->count--;
	return true;
}
