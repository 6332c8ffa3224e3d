dist_man_MANS += man/ccoind.1 man/ccoin.1 man/ccoin-init.1 \
	man/ccoin-discovery.1
