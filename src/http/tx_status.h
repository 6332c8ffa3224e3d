/* SPDX-License-Identifier: MIT */
/*
 * What became of a transaction, in a client's words.
 */
#ifndef HTTP_TX_STATUS_H
#define HTTP_TX_STATUS_H

#include "http/call.h"

/* pending, included, settled, final, dropped. A queued one is pending too. */
const char *tx_status_name(enum tx_state s);
bool tx_is_in_block(enum tx_state s);
/* The transaction as JSON, null when it was dropped. */
MUST_USE enum err out_tx_info(struct buf *out, struct api *api,
			      const struct tx_info *t);

#endif
