/* SPDX-License-Identifier: MIT */
/* From a request to the row of a table; see the header. */
#include "http/dispatch.h"

int status_of(enum err e)
{
	switch (e) {
	case ERR_OK:
		return 200;
	case ERR_MALFORMED:
	case ERR_NOT_CANONICAL:
	case ERR_UNKNOWN_FIELD:
	case ERR_DUPLICATE_FIELD:
	case ERR_MISSING_FIELD:
	case ERR_WRONG_TYPE:
	case ERR_OUT_OF_RANGE:
	case ERR_BAD_ADDRESS:
	case ERR_BAD_HASH:
	case ERR_BAD_PUBLIC_KEY:
		return 400;
	case ERR_UNAUTHORIZED:
		return 401;
	case ERR_BAD_HOST:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_METHOD_NOT_ALLOWED:
		return 405;
	case ERR_EXISTS:
		return 409;
	case ERR_TOO_BIG:
		return 413;
	case ERR_UNSUPPORTED_MEDIA_TYPE:
		return 415;
	case ERR_UNSUPPORTED_VERSION:
	case ERR_UNSUPPORTED_OPERATION:
	case ERR_ID_MISMATCH:
	case ERR_UNSIGNED:
	case ERR_BAD_SIGNATURE:
	case ERR_KEY_REQUIRED:
	case ERR_KEY_UNEXPECTED:
	case ERR_WRONG_KEY:
	case ERR_NONCE_TOO_LOW:
	case ERR_NONCE_GAP:
	case ERR_INSUFFICIENT_BALANCE:
	case ERR_AMOUNT_OVERFLOW:
	case ERR_EXPIRED:
	case ERR_NOT_A_VALIDATOR:
	case ERR_TOO_MANY:
	case ERR_FEE_TOO_LOW:
	case ERR_ACCOUNT_QUEUE_FULL:
	case ERR_REPLACEMENT_FEE_TOO_LOW:
	case ERR_REPLACED:
	case ERR_NO_FINALITY:
	case ERR_UNREACHABLE:
		return 422;
	case ERR_MEMPOOL_FULL:
	case ERR_OVERLOADED:
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
		return 503;
	case ERR_BAD_PARENT:
	case ERR_BAD_TIME:
	case ERR_FUTURE:
	case ERR_BAD_PRODUCER:
	case ERR_BAD_SEAL:
	case ERR_BAD_ENGINE_FIELDS:
	case ERR_BAD_TXS_ROOT:
	case ERR_BAD_RESULTS_ROOT:
	case ERR_BAD_STATE_ROOT:
	case ERR_BAD_HISTORY_ROOT:
	case ERR_TOO_MANY_TXS:
	case ERR_IO:
	case ERR_NO_SPACE:
	case ERR_LOCKED:
	case ERR_PERMISSION:
	case ERR_FOREIGN_FORMAT:
	case ERR_OTHER_CHAIN:
	case ERR_CORRUPT:
	case ERR_BAD_PASSWORD:
	case ERR_CRYPTO:
	case ERR_COUNT:
		return 500;
	}
	return 500;
}

void http_refuse(struct http_request *r, const struct fault *f)
{
	if (f->code == ERR_MEMPOOL_FULL || f->code == ERR_OVERLOADED)
		http_reply_header(r, "Retry-After", "1");
	if (f->code == ERR_UNAUTHORIZED)
		http_reply_header(r, "WWW-Authenticate", "Bearer");
	http_problem(r, status_of(f->code), f);
}

static void refuse_path(struct http_request *r, unsigned allowed,
			const char *hint)
{
	char allow[ROUTE_ALLOW_MAX];
	struct fault f;

	if (!allowed) {
		fault_set(&f, ERR_NOT_FOUND, "",
			  "there is nothing at this path; %s", hint);
		http_refuse(r, &f);
		return;
	}
	http_reply_header(r, "Allow", route_allow(allow, allowed));
	fault_set(&f, ERR_METHOD_NOT_ALLOWED, "", "this path takes %s", allow);
	http_refuse(r, &f);
}

const struct route *dispatch_route(const struct route *table, size_t count,
				   const char *hint, struct http_request *r,
				   struct span pieces[PARAMS_MAX])
{
	unsigned allowed;
	const struct route *route = route_find(table, count, http_method(r),
					       http_path(r), pieces, &allowed);

	if (route)
		http_set_tag(r, (int)(route - table));
	else
		refuse_path(r, allowed, hint);
	return route;
}

bool dispatch_args(struct args *out, const struct route *route,
		   const struct span *pieces, struct http_request *r)
{
	struct fault f;
	enum err e = ERR_OK;

	if (route->body_max && http_body(r).len > route->body_max)
		e = fault_set(&f, ERR_TOO_BIG, "",
			      "the body has %zu bytes; this path takes %zu",
			      http_body(r).len, route->body_max);
	if (!e)
		e = params_read(out, route->params, pieces, http_query(r), &f);
	if (e)
		http_refuse(r, &f);
	return !e;
}
