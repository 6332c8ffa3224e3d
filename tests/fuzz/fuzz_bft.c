/* SPDX-License-Identifier: MIT */
/* A whole node of a chain whose validators vote; steps.h has the form of the
 * input. */
#include "fuzz/fuzz.h"
#include "fuzz/steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	steps_run(WORLD_BFT, data, len);
	return 0;
}
