/* SPDX-License-Identifier: MIT */
/* What follows from the settings of the network; see daemon/config.h. */
#ifndef DAEMON_CONFIG_P2P_H
#define DAEMON_CONFIG_P2P_H

#include "daemon/config_table.h"

/* The row that said what this row's value is: --port and --listen both set
 * the port, and the one of the higher source counts. */
enum config_row config_told_by(const struct config *c, enum config_row row);

/* Settle p2p, discovery and p2p_plain, or say where what contradicts itself
 * was given. */
MUST_USE enum err config_resolve_p2p(struct config *c,
				     enum config_source *source,
				     struct fault *f);

#endif
