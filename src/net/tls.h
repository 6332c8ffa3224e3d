/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.3 whose certificates say nothing but "this connection holds that
 * key": each side shows one made at its start from the node's own key, and
 * the proof of the key is the handshake's signature. No authority signs them,
 * so nothing else in them is looked at. No resumption, no early data.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/err.h"
#include "crypto/key.h"

struct ssl_st; /* OpenSSL's SSL */
struct tls;

/* ERR_CRYPTO when OpenSSL fails. */
MUST_USE enum err tls_new(struct tls **out, const struct secret_key *key,
			  struct fault *f);
void tls_free(struct tls *t);
/* One connection's, over a connected non-blocking socket, which stays the
 * caller's; SSL_free() it. NULL when OpenSSL fails. */
MUST_USE struct ssl_st *tls_attach(struct tls *t, int fd, bool inbound);
/* Whose key the other side proved: after the handshake alone. false: none of
 * the accepted types. */
MUST_USE bool tls_peer(struct address *out, const struct ssl_st *ssl);
/* What the last failure on this thread was, in OpenSSL's words; forgets it. */
const char *tls_reason(void);

#endif
