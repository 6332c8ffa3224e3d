/* SPDX-License-Identifier: MIT */
/* Rules of the development chain, made by way of the genesis file's parser
 * so that they are what such a file would give. */
#include "daemon/dev.h"

#include <inttypes.h>
#include <stdio.h>

#define EVERY_BLOCK "\"interval\": 0, \"min_bound\": 1"
/* so many that only the interval makes a block due */
#define PERIODIC                                                               \
	"\"interval\": %" PRIu64 ", \"min_bound\": 1000, "                     \
	"\"allow_empty\": true"

void dev_rules(struct rules *out, const struct address *account,
	       uint64_t genesis_time, uint64_t seconds)
{
	char text[1024], mining[128], hex[ADDRESS_HEX_LEN];
	struct fault f;

	if (seconds)
		snprintf(mining, sizeof(mining), PERIODIC, seconds);
	else
		snprintf(mining, sizeof(mining), EVERY_BLOCK);
	address_hex(hex, account);
	snprintf(text, sizeof(text),
		 "{\"network_id\": \"dev\", \"miners\": [\"%s\"],"
		 " \"block_mining\": {%s, \"max_bound\": 1000,"
		 " \"reward\": 0, \"difficulty\": 0},"
		 " \"genesis_block\": {\"time\": %" PRIu64 "},"
		 " \"consensus\": {\"engine\": \"poa\", \"slot_ms\": 10},"
		 " \"alloc\": {\"%s\": {\"balance\": %d}}}",
		 hex, mining, genesis_time, hex, DEV_BALANCE);
	if (genesis_parse(out, span_str(text), &f))
		BUG(f.detail);
}
