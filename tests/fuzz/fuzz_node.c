/* SPDX-License-Identifier: MIT */
/* A whole node of a chain of authorities; steps.h has the form of the input. */
#include "fuzz/fuzz.h"
#include "fuzz/steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	steps_run(WORLD_POA, data, len);
	return 0;
}
