/* SPDX-License-Identifier: MIT */
/* Account records to and from canonical bytes; see the header. */
#include "ledger/account.h"

#include "base/amount.h"
#include "codec/msgpack.h"

void account_key(struct hash *out, const struct address *address)
{
	sha256(out, address_span(address));
}

void account_encode(struct buf *out, const struct account *a)
{
	mp_array(out, 3);
	mp_bin(out, address_span(&a->address));
	mp_uint(out, a->balance);
	mp_uint(out, a->nonce);
}

enum err account_decode(struct account *out, struct span record)
{
	struct mp_reader r;

	*out = (struct account){0};
	mp_reader_init(&r, record);
	mp_read_array(&r, 3, 3);
	out->address = mp_read_address(&r);
	out->balance = mp_read_uint(&r, AMOUNT_MAX);
	out->nonce = mp_read_uint(&r, AMOUNT_MAX);
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}
