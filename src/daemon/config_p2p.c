/* SPDX-License-Identifier: MIT */
/* Settings of the network that go together; see the header. */
#include <config.h>

#include "daemon/config_p2p.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loop/place.h"

#define DISCOVERY_PORT_DEFAULT 4444
#define DISCOVERY_PROTO "http"

enum config_row config_told_by(const struct config *c, enum config_row row)
{
	if (row == ROW_PORT && c->source[ROW_LISTEN] > c->source[ROW_PORT])
		return ROW_LISTEN;
	if (row == ROW_LISTEN && c->source[ROW_PORT] > c->source[ROW_LISTEN])
		return ROW_PORT;
	return row;
}

/* What the user typed for a row, where this source was it. */
static void row_name(char *out, size_t size, enum config_row row,
		     enum config_source source)
{
	const struct option_spec *spec = &config_specs[row];

	if (source == CONFIG_FILE)
		snprintf(out, size, "%s", spec->json);
	else if (source == CONFIG_ENVIRONMENT)
		snprintf(out, size, "%s", spec->env);
	else
		snprintf(out, size, "--%s", spec->name);
}

static enum err resolve_listen(struct config *c, enum config_source *source,
			       struct fault *f)
{
	char other[40], text[160];
	bool same = c->source[ROW_PORT] == c->source[ROW_LISTEN];

	if (same && c->source[ROW_PORT] != CONFIG_DEFAULT &&
	    c->port != c->p2p.port) {
		row_name(other, sizeof(other), ROW_LISTEN,
			 (enum config_source)c->source[ROW_LISTEN]);
		snprintf(text, sizeof(text),
			 "value %" PRIu64 ", but %s says port %" PRIu64
			 ", expected one of them, or the same port in both",
			 c->port, other, c->p2p.port);
		return config_refuse_at(c, ROW_PORT, ERR_DUPLICATE_FIELD, text,
					source, f);
	}
	if (c->source[ROW_PORT] > c->source[ROW_LISTEN])
		c->p2p.port = c->port;
	c->port = c->p2p.port;
	return ERR_OK;
}

/* --- the seed's discovery_service -------------------------------------- */

static enum err check_service(const struct config *c,
			      enum config_source *source, struct fault *f)
{
	const char *proto = c->discovery_proto;

	if (!c->discovery_host)
		return config_refuse_at(c,
					c->discovery_port ? ROW_DISCOVERY_PORT
							  : ROW_DISCOVERY_PROTO,
					ERR_MISSING_FIELD,
					"expected discovery_service.host too",
					source, f);
	if (!place_host_is_good(span_str(c->discovery_host)))
		return config_refuse_at(c, ROW_DISCOVERY_HOST, ERR_OUT_OF_RANGE,
					"expected the name of a host, or an "
					"IP address",
					source, f);
	if (proto && strcmp(proto, DISCOVERY_PROTO) != 0)
		return config_refuse_at(c, ROW_DISCOVERY_PROTO,
					ERR_OUT_OF_RANGE, "expected http",
					source, f);
	if (c->source[ROW_DISCOVERY] == CONFIG_FILE)
		return config_refuse_at(c, ROW_DISCOVERY, ERR_DUPLICATE_FIELD,
					"expected p2p.discovery or "
					"discovery_service, not both",
					source, f);
	return ERR_OK;
}

static enum err resolve_discovery(struct config *c, enum config_source *source,
				  struct fault *f)
{
	char where[PLACE_MAX];
	char url[sizeof("http://") + PLACE_MAX];
	enum err e;

	if (!c->discovery_host && !c->discovery_port && !c->discovery_proto)
		return ERR_OK;
	e = check_service(c, source, f);
	if (e || c->source[ROW_DISCOVERY] != CONFIG_DEFAULT)
		return e;
	place_print(where, c->discovery_host,
		    c->discovery_port ? (uint16_t)c->discovery_port
				      : DISCOVERY_PORT_DEFAULT);
	snprintf(url, sizeof(url), "http://%s", where);
	c->discovery = xstrdup(url);
	c->source[ROW_DISCOVERY] = CONFIG_FILE;
	return ERR_OK;
}

/* --- no TLS, for tests on one machine ---------------------------------- */

static enum err refuse_plain(const struct config *c, const char *what,
			     const char *where, enum config_source *source,
			     struct fault *f)
{
	char text[PLACE_MAX + 120];

	snprintf(text, sizeof(text),
		 "without TLS the network must be loopback's, but %s %s; "
		 "expected an address such as 127.0.0.1",
		 what, where);
	return config_refuse_at(c, ROW_PLAIN, ERR_OUT_OF_RANGE, text, source,
				f);
}

static enum err resolve_plain(const struct config *c,
			      enum config_source *source, struct fault *f)
{
	struct place p;

	if (!c->p2p_plain)
		return ERR_OK;
	if (!place_is_loopback(c->p2p.address))
		return refuse_plain(c, "the node listens on",
				    c->p2p.address[0] ? c->p2p.address
						      : "every address",
				    source, f);
	for (size_t i = 0; i < c->connect.count; i++) {
		const char *where = c->connect.list[i];

		if (!place_read(&p, span_str(where)) ||
		    !place_is_loopback(p.host))
			return refuse_plain(c, "it shall connect to", where,
					    source, f);
	}
	return ERR_OK;
}

enum err config_resolve_p2p(struct config *c, enum config_source *source,
			    struct fault *f)
{
	enum err e = resolve_listen(c, source, f);

	if (!e)
		e = resolve_discovery(c, source, f);
	return e ? e : resolve_plain(c, source, f);
}
