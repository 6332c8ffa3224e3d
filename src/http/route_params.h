/* SPDX-License-Identifier: MIT */
/* The parameters of the routes. Private to route_table.c. */
#ifndef HTTP_ROUTE_PARAMS_H
#define HTTP_ROUTE_PARAMS_H

#include "http/routes.h"

extern const struct param no_params[];
extern const struct param block_params[];
extern const struct param register_params[];
extern const struct param chain_params[];
extern const struct param balance_params[];
extern const struct param balances_params[];
extern const struct param confirmations_params[];
extern const struct param own_params[];
extern const struct param own_block_params[];
extern const struct param own_tx_params[];
extern const struct param blocks_params[];
extern const struct param v1_block_params[];
extern const struct param txs_params[];
extern const struct param genesis_params[];
extern const struct param tx_params[];
extern const struct param account_params[];
extern const struct param account_txs_params[];
extern const struct param network_params[];
extern const struct param evidence_params[];

#endif
