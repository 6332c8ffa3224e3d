/* SPDX-License-Identifier: MIT */
/*
 * host:port as nodes tell each other. It looks right or it does not; whether
 * somebody is there is found out by dialling.
 */
#include "base/text.h"
#include "codec/message.h"

#define NAME_MAX_LEN 253
#define IPV6_TEXT_MAX 45

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_char(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* Labels of 1 to 63 characters between dots. */
static bool name_ok(struct span s)
{
	size_t i, label = 0;

	if (!s.len || s.len > NAME_MAX_LEN)
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.data[i] == '.' && label) {
			label = 0;
			continue;
		}
		if (!is_name_char(s.data[i]) || ++label > 63)
			return false;
	}
	return label > 0;
}

static bool ipv4_ok(struct span s)
{
	size_t parts, i;
	uint64_t v;

	for (parts = 0; parts < 4; parts++) {
		for (i = 0; i < s.len && s.data[i] != '.'; i++)
			;
		if (!decimal_decode(&v, 255, SPAN(s.data, i)))
			return false;
		if (i == s.len)
			return parts == 3;
		s = SPAN(s.data + i + 1, s.len - i - 1);
	}
	return false;
}

/* Digits and dots alone are an address, so a wrong one is no name either. */
static bool is_dotted(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_digit(s.data[i]) && s.data[i] != '.')
			return false;
	return true;
}

static bool ipv6_ok(struct span s)
{
	size_t i, colons = 0;

	if (s.len < 2 || s.len > IPV6_TEXT_MAX)
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.data[i] == ':')
			colons++;
		else if (!is_hex(s.data[i]) && s.data[i] != '.')
			return false;
	}
	return colons >= 2 && colons <= 8;
}

static bool host_ok(struct span s)
{
	if (s.len > 2 && s.data[0] == '[' && s.data[s.len - 1] == ']')
		return ipv6_ok(SPAN(s.data + 1, s.len - 2));
	return is_dotted(s) ? ipv4_ok(s) : name_ok(s);
}

bool address_text_ok(struct span text)
{
	size_t colon = text.len;
	uint64_t port;

	if (text.len > ADDRESS_TEXT_MAX)
		return false;
	while (colon && text.data[colon - 1] != ':')
		colon--;
	if (!colon)
		return false;
	return host_ok(SPAN(text.data, colon - 1)) &&
	       decimal_decode(&port, 65535,
			      SPAN(text.data + colon, text.len - colon)) &&
	       port;
}
