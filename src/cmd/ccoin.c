/* SPDX-License-Identifier: MIT */
/* ccoin: wallet and client. All of it is in cmd/wallet*.c. */
#include <config.h>

#include "cmd/wallet.h"

extern char **environ;

int main(int argc, char **argv)
{
	return wallet_main(argc, argv, environ);
}
