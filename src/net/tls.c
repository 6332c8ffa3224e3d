/* SPDX-License-Identifier: MIT */
/* TLS between nodes; see the header. */
#include <config.h>

#include "net/tls.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Of the other side's certificates: ours take less than 1 KiB. */
#define CERTIFICATE_BYTES_MAX 8192
#define SERIAL 1

struct tls {
	SSL_CTX *ctx;
};

/* --- our certificate --------------------------------------------------- */

static bool fill_certificate(X509 *x, EVP_PKEY *pkey, const char *name)
{
	const EVP_MD *md = EVP_PKEY_is_a(pkey, "RSA") ? EVP_sha256() : NULL;
	X509_NAME *subject = X509_get_subject_name(x);

	/* No clock is asked whether it holds (RFC 5280 4.1.2.5: the end of
	 * time). */
	return X509_set_version(x, X509_VERSION_3) &&
	       ASN1_INTEGER_set(X509_get_serialNumber(x), SERIAL) &&
	       ASN1_TIME_set_string(X509_getm_notBefore(x),
				    "19700101000000Z") &&
	       ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					  (const unsigned char *)name, -1, -1,
					  0) &&
	       X509_set_issuer_name(x, subject) && X509_set_pubkey(x, pkey) &&
	       X509_sign(x, pkey, md);
}

static X509 *make_certificate(const struct secret_key *key, EVP_PKEY *pkey)
{
	char name[ADDRESS_HEX_LEN];
	X509 *x = X509_new();

	if (x && fill_certificate(x, pkey,
				  address_hex(name, secret_key_address(key))))
		return x;
	X509_free(x);
	return NULL;
}

/* --- theirs ------------------------------------------------------------ */

static bool certificate_address(struct address *out, const X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool ok;

	ok = len > 0 && !key_check(NULL, SPAN(der, (size_t)len));
	if (ok)
		key_address(out, SPAN(der, (size_t)len));
	OPENSSL_free(der);
	return ok;
}

/* In the place of the check of a chain of authorities. */
static int check_certificate(X509_STORE_CTX *ctx, void *arg)
{
	const X509 *x = X509_STORE_CTX_get0_cert(ctx);
	struct address unused;

	(void)arg;
	if (x && certificate_address(&unused, x))
		return 1;
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

bool tls_peer(struct address *out, const SSL *ssl)
{
	X509 *x = SSL_get0_peer_certificate(ssl);

	return x && certificate_address(out, x);
}

/* --- the context ------------------------------------------------------- */

static bool set_up(SSL_CTX *ctx, const struct secret_key *key)
{
	/* OpenSSL counts references in it, and changes nothing else. */
	EVP_PKEY *pkey = (EVP_PKEY *)secret_key_pkey(key);
	X509 *x = make_certificate(key, pkey);
	bool ok;

	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* Without AUTO_RETRY a record without data ends the call, so that no
	 * peer can keep us within one. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, CERTIFICATE_BYTES_MAX);
	SSL_CTX_set_verify(
		ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, check_certificate, NULL);
	ok = x && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
	     SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) &&
	     SSL_CTX_set_num_tickets(ctx, 0) &&
	     SSL_CTX_use_certificate(ctx, x) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, pkey) == 1;
	X509_free(x);
	return ok;
}

enum err tls_new(struct tls **out, const struct secret_key *key,
		 struct fault *f)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	t->ctx = SSL_CTX_new(TLS_method());
	if (t->ctx && set_up(t->ctx, key)) {
		*out = t;
		return ERR_OK;
	}
	tls_free(t);
	*out = NULL;
	return fault_set(f, ERR_CRYPTO, "", "TLS cannot be set up: %s",
			 tls_reason());
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

SSL *tls_attach(struct tls *t, int fd, bool inbound)
{
	SSL *ssl = SSL_new(t->ctx);

	if (!ssl || !SSL_set_fd(ssl, fd)) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	if (inbound)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

const char *tls_reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_reason_error_string(error);

	ERR_clear_error();
	/* what OpenSSL calls an answer in another language than TLS */
	if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
		return "it does not speak TLS; expected a node's P2P port, "
		       "not its HTTP port";
	return reason ? reason : "no reason given";
}
