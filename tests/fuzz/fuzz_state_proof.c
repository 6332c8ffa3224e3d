/* SPDX-License-Identifier: MIT */
/*
 * Proofs of the state, as a stranger would send one: root (32 bytes), key
 * (32), record's length (1), record, proof. Nothing proves both that an
 * account is there and that it is not.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "ledger/state_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span record, proof;
	struct hash root, key;
	bool there, absent;
	size_t record_len;

	if (len < 2 * HASH_LEN + 1)
		return 0;
	memcpy(root.b, data, HASH_LEN);
	memcpy(key.b, data + HASH_LEN, HASH_LEN);
	record_len = data[2 * HASH_LEN];
	data += 2 * HASH_LEN + 1;
	len -= 2 * HASH_LEN + 1;
	if (record_len > len)
		record_len = len;
	record = SPAN(data, record_len);
	proof = SPAN(data + record_len, len - record_len);
	there = state_proof_check(proof, &root, &key, record);
	absent = state_proof_check(proof, &root, &key, SPAN(NULL, 0));
	MUST(!(there && absent));
	return 0;
}
