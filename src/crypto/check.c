/* SPDX-License-Identifier: MIT */
/* Lists of signatures to check; see the header. */
#include "crypto/check.h"

#include <stdlib.h>
#include <string.h>

bool checks_add(struct checks *c, const struct hash *digest, struct span key,
		struct span signature)
{
	struct check *one;

	if (key.len > KEY_SPKI_MAX || signature.len > KEY_SIGNATURE_MAX)
		return false;
	if (c->count == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 4;
		c->list = xrealloc(c->list, c->cap, sizeof(*c->list));
	}
	one = &c->list[c->count++];
	*one = (struct check){.digest = *digest,
			      .key_len = (uint16_t)key.len,
			      .signature_len = (uint16_t)signature.len};
	if (key.len)
		memcpy(one->key, key.data, key.len);
	if (signature.len)
		memcpy(one->signature, signature.data, signature.len);
	return true;
}

void check_run(struct check *c, struct verifier *v)
{
	c->result = verifier_check(v, SPAN(c->key, c->key_len), &c->digest,
				   SPAN(c->signature, c->signature_len));
}

enum err checks_verify(struct checks *c, struct verifier *v)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		check_run(&c->list[i], v);
		if (c->list[i].result)
			return c->list[i].result;
	}
	return ERR_OK;
}

enum err checks_result(const struct checks *c, size_t first, size_t count)
{
	size_t i;

	for (i = first; i < first + count; i++)
		if (c->list[i].result)
			return c->list[i].result;
	return ERR_OK;
}

void checks_release(struct checks *c)
{
	free(c->list);
	*c = (struct checks){0};
}
