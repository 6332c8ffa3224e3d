/* SPDX-License-Identifier: MIT */
/* Account records to and from canonical bytes; see the header. */
#include "ledger/account.h"

#include <string.h>

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
	struct span address;

	*out = (struct account){0};
	mp_reader_init(&r, record);
	mp_read_array(&r, 3, 3);
	address = mp_read_bin(&r, ADDRESS_LEN, ADDRESS_LEN);
	out->balance = mp_read_uint(&r, AMOUNT_MAX);
	out->nonce = mp_read_uint(&r, AMOUNT_MAX);
	if (mp_reader_end(&r))
		return ERR_CORRUPT;
	memcpy(out->address.b, address.data, ADDRESS_LEN);
	return ERR_OK;
}
