/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of the file: datapath id, MAC, IP, prefix, switch:port.
 *
 * YAML 1.1 reads digits with colons as a number in base 60, so an integer
 * where an address belongs is turned back and shown to the user. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "topo/scalar.h"
#include "topo/scalar_complain.h"

#define DIGITS "0123456789"
#define HEX_DIGITS "0123456789abcdefABCDEF"

static uint64_t hex_value(char c)
{
	return (uint64_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Exactly n groups of two hex digits with one separator throughout. */
static bool read_groups(const char *text, const char *separators, size_t n, uint64_t *ret)
{
	uint64_t value = 0;

	if (strlen(text) != 3 * n - 1 || !strchr(separators, text[2]))
		return false;
	for (size_t i = 0; i < 3 * n - 1; i++) {
		if (i % 3 == 2 && text[i] != text[2])
			return false;
		if (i % 3 != 2 && !memchr(HEX_DIGITS, text[i], sizeof HEX_DIGITS - 1))
			return false;
		if (i % 3 != 2)
			value = value << 4 | hex_value(text[i]);
	}
	*ret = value;
	return true;
}

/* All hex digits, at most 16. */
static bool read_hex(const char *text, uint64_t *ret)
{
	size_t n = strspn(text, HEX_DIGITS);
	uint64_t value = 0;

	if (!n || n > 16 || text[n])
		return false;
	for (size_t i = 0; i < n; i++)
		value = value << 4 | hex_value(text[i]);
	*ret = value;
	return true;
}

static bool read_decimal(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	for (const char *p = text; *p; p++) {
		uint64_t digit = (uint64_t) (*p - '0');

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return *text != '\0';
}

static bool is_decimal(const char *text)
{
	return *text && !text[strspn(text, DIGITS)];
}

static bool read_dpid(struct scalar in, uint64_t *ret, struct complaint *complaint)
{
	enum scalar_guess guess = in.is_quoted ? SCALAR_STRING : scalar_guess(in.text);
	size_t len = strlen(in.text);
	uint64_t mac;

	if (in.text[0] == '0' && (in.text[1] | 0x20) == 'x' && read_hex(in.text + 2, ret))
		return true;
	if (read_groups(in.text, ":", 8, ret))
		return true;
	if (read_groups(in.text, ":", 6, &mac))
		return complain(complaint, DIAG_TYPE, "is a MAC address; a datapath id has 8 groups: write 0x%012"
				PRIx64 " if that is meant", mac);
	if (guess == SCALAR_FLOAT)
		return complain(complaint, DIAG_YAML11,
				"is %.60s, a decimal fraction for YAML tools, and digits may be lost; "
				"write it as 0x and hex digits", in.text);
	if (!in.is_quoted && is_decimal(in.text)) {
		if (len == 16)
			return complain(complaint, DIAG_YAML11,
					"is %s, decimal or hex? Write 0x%s if hex is meant", in.text,
					in.text);
		if (in.text[0] == '0' && len > 1)
			return complain(complaint, DIAG_YAML11,
					"is %.60s, and YAML 1.1 tools read a leading zero as octal; "
					"write it as 0x and hex digits", in.text);
		if (!read_decimal(in.text, ret))
			return complain(complaint, DIAG_RANGE, "is %.60s; a datapath id has 64 bits",
					in.text);
		return true;
	}
	if (len == 16 && read_hex(in.text, ret))
		return true;
	return complain(complaint, DIAG_TYPE,
			"is \"%.60s\"; write 0x and at most 16 hex digits, or \"00:00:52:54:00:a1:00:11\"",
			in.text);
}

bool scalar_dpid(struct scalar in, uint64_t *ret, struct complaint *complaint)
{
	uint64_t dpid;

	if (!complain_if_null(in, complaint) || !read_dpid(in, &dpid, complaint))
		return false;
	if (!dpid)
		return complain(complaint, DIAG_RANGE, "is 0; a datapath id is 1 or more");
	*ret = dpid;
	return true;
}

bool scalar_mac(struct scalar in, uint64_t *ret, struct complaint *complaint)
{
	/* Six groups in base 60 whose first has two digits. */
	const uint64_t low = UINT64_C(10) * 60 * 60 * 60 * 60 * 60;
	uint64_t damaged, mac;

	if (!complain_if_null(in, complaint))
		return false;
	if (read_groups(in.text, ":-", 6, &mac)) {
		*ret = mac;
		return true;
	}
	if (!in.is_quoted && read_decimal(in.text, &damaged) && damaged >= low && damaged < 10 * low) {
		unsigned groups[6];

		for (size_t i = 6; i-- > 0; damaged /= 60)
			groups[i] = (unsigned) (damaged % (i ? 60 : 100));
		return complain(complaint, DIAG_YAML11,
				"is %s: a YAML 1.1 tool has read %02u:%02u:%02u:%02u:%02u:%02u as a number "
				"in base 60; write the address in quotes", in.text, groups[0], groups[1],
				groups[2], groups[3], groups[4], groups[5]);
	}
	return complain(complaint, DIAG_TYPE,
			"is \"%.60s\"; write a MAC address like \"52:54:00:aa:00:20\"", in.text);
}

bool scalar_address(struct scalar in, char out[SCALAR_ADDRESS_SIZE], struct complaint *complaint)
{
	unsigned char bytes[16];

	if (!complain_if_null(in, complaint))
		return false;
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;

		if (inet_pton(family, in.text, bytes) == 1) {
			inet_ntop(family, bytes, out, SCALAR_ADDRESS_SIZE);
			return true;
		}
	}
	if (strchr(in.text, '/'))
		return complain(complaint, DIAG_TYPE, "is \"%.60s\"; one address without / is wanted",
				in.text);
	return complain(complaint, DIAG_TYPE, "is \"%.60s\"; write an IPv4 or IPv6 address", in.text);
}

/* Clears the bits behind the prefix; true when there were any. */
static bool clear_host_bits(unsigned char *bytes, size_t n, unsigned prefix)
{
	bool had_some = false;

	for (size_t i = 0; i < n; i++) {
		unsigned keep = prefix >= 8 * (i + 1) ? 8 : prefix <= 8 * i ? 0 : prefix - 8 * (unsigned) i;
		unsigned char mask = (unsigned char) (0xff00u >> keep);

		had_some |= (bytes[i] & ~mask) != 0;
		bytes[i] &= mask;
	}
	return had_some;
}

bool scalar_prefix(struct scalar in, char out[SCALAR_ADDRESS_SIZE], struct complaint *complaint)
{
	char address[SCALAR_ADDRESS_SIZE], normal[SCALAR_ADDRESS_SIZE - 8];
	unsigned char bytes[16];
	const char *slash = strchr(in.text, '/');
	uint64_t prefix;

	if (!complain_if_null(in, complaint))
		return false;
	if (!slash || (size_t) (slash - in.text) >= sizeof address || strlen(slash + 1) > 3
	    || !read_decimal(slash + 1, &prefix) || (slash[1] == '0' && slash[2]))
		return complain(complaint, DIAG_TYPE,
				"is \"%.60s\"; write a prefix like 192.168.20.0/24 or 2001:db8::/64", in.text);
	snprintf(address, sizeof address, "%.*s", (int) (slash - in.text), in.text);
	bool is_v6 = strchr(address, ':') != NULL;
	int family = is_v6 ? AF_INET6 : AF_INET;
	unsigned bits = is_v6 ? 128 : 32;
	if (inet_pton(family, address, bytes) != 1)
		return complain(complaint, DIAG_TYPE, "is \"%.60s\"; \"%.50s\" is no IPv%d address", in.text,
				address, is_v6 ? 6 : 4);
	if (prefix > bits)
		return complain(complaint, DIAG_RANGE, "is %.60s; the prefix length is at most %u", in.text,
				bits);
	bool has_host = clear_host_bits(bytes, bits / 8, (unsigned) prefix);
	inet_ntop(family, bytes, normal, sizeof normal);
	if (has_host)
		return complain(complaint, DIAG_RANGE,
				"is %.60s, which has bits set behind the prefix; write %s/%u", in.text,
				normal, (unsigned) prefix);
	snprintf(out, SCALAR_ADDRESS_SIZE, "%s/%u", normal, (unsigned) prefix);
	return true;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Complains about the first character that is neither alphanumeric nor in set. */
static bool has_only(struct scalar in, size_t from, size_t n, const char *set, const char *side,
		     struct complaint *complaint)
{
	for (size_t i = from; i < from + n; i++) {
		char c = in.text[i];

		if (is_alnum(c) || strchr(set, c))
			continue;
		return complain(complaint, DIAG_PORT_SYNTAX,
				"is \"%.90s\"; a %s name cannot have \"%c\" (globs are * and ?)", in.text, side,
				c);
	}
	return true;
}

bool scalar_port(struct scalar in, size_t *ret_switch_len, size_t *ret_port_len,
		 struct complaint *complaint)
{
	const char *colon = strchr(in.text, ':');
	uint64_t damaged;

	if (!complain_if_null(in, complaint))
		return false;
	if (!in.is_quoted && read_decimal(in.text, &damaged) && damaged >= 60)
		return complain(complaint, DIAG_YAML11,
				"is %.60s, not switch:port; a YAML 1.1 tool makes that of %" PRIu64 ":%02u, "
				"so write ports in quotes", in.text, damaged / 60, (unsigned) (damaged % 60));
	if (!colon)
		return complain(complaint, DIAG_PORT_SYNTAX, "is \"%.60s\"; write switch:port", in.text);
	size_t switch_len = (size_t) (colon - in.text), port_len = strlen(colon + 1);
	if (!switch_len || !port_len)
		return complain(complaint, DIAG_PORT_SYNTAX, "is \"%.60s\"; the %s is missing", in.text,
				port_len ? "switch" : "port");
	if (switch_len > SCALAR_MAX_NAME || port_len > SCALAR_MAX_PORT)
		return complain(complaint, DIAG_PORT_SYNTAX, "is longer than %d characters on one side",
				SCALAR_MAX_NAME);
	if (!has_only(in, 0, switch_len, "._-*?", "switch", complaint)
	    || !has_only(in, switch_len + 1, port_len, "._-*?+@=#%~", "port", complaint))
		return false;
	if (!is_alnum(in.text[0]) && in.text[0] != '*' && in.text[0] != '?')
		return complain(complaint, DIAG_PORT_SYNTAX,
				"is \"%.60s\"; a switch name starts with a letter or digit", in.text);
	*ret_switch_len = switch_len;
	*ret_port_len = port_len;
	return true;
}
