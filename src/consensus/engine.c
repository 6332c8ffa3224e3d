/* SPDX-License-Identifier: MIT */
/* The table of engines. */
#include "consensus/engine.h"

const struct engine_ops *engine_ops_of(enum engine_kind kind)
{
	switch (kind) {
	case ENGINE_POA:
		return &engine_poa;
	case ENGINE_BFT:
		return &engine_bft;
	}
	BUG("unknown engine");
}
