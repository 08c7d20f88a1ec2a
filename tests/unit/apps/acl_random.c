/* SPDX-License-Identifier: Apache-2.0 */
/* See acl_random.h. All draws come from small pools, so that rules and frames meet. */
#include <string.h>

#include "tests/unit/apps/acl_random.h"

enum { N_GROUPS = 5, N_LISTS = 5, MAX_RULES = 9 };

static uint64_t state;

void random_seed(uint64_t seed) { state = seed ? seed : 1; }

unsigned random_below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned) (state >> 24) % n;
}

#define PICK(ARRAY) (ARRAY)[random_below(sizeof (ARRAY) / sizeof (ARRAY)[0])]

/* --- files ------------------------------------------------------------------------------ */

static const char *const addresses[] = {
	"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.0/30", "10.0.0.2/31", "10.0.0.0/24", "10.1.0.0/16", "10.1.2.3",
	"0.0.0.0/0", "10.0.0.0/8", "\"2001:db8::1\"", "\"2001:db8::2\"", "\"2001:db8::/126\"", "\"2001:db8::/32\"",
	"\"2001:db8:1::/48\"", "\"::/0\"", "\"02:00:00:00:00:01\"", "\"02:00:00:00:00:03\"",
	"\"02:00:00:00:00:00/ff:ff:ff:ff:ff:fd\"", "\"00:00:00:00:00:01/00:00:00:00:00:01\"",
};

static void print_member(FILE *to, unsigned n_groups)
{
	if (n_groups && !random_below(3))
		fprintf(to, "g%u", random_below(n_groups));
	else
		fputs(PICK(addresses), to);
}

static void print_members(FILE *to, unsigned n_groups, unsigned max)
{
	unsigned n = 1 + random_below(max);
	fputc('[', to);
	for (unsigned i = 0; i < n; i++) {
		fputs(i ? ", " : "", to);
		print_member(to, n_groups);
	}
	fputc(']', to);
}

static void print_ports(FILE *to, const char *key)
{
	static const char *const ports[] = {
		"22", "80", "443", "67", "68", "547", "1-79", "1000-2000", "1024/1024", "64/65472", "0-65535", "23-81",
	};
	unsigned n = 1 + random_below(3);
	fprintf(to, ", %s: [", key);
	for (unsigned i = 0; i < n; i++) {
		fprintf(to, "%s%s", i ? ", " : "", PICK(ports));
	}
	fputc(']', to);
}

static const char *const with_ports[] = { "tcp", "udp", "sctp" };
static const char *const without[] = {
	"any", "any", "icmp", "icmp6", "tcp", "udp", "47", "1", "58", "17", "0x0800", "0x86dd", "nd", "dhcp",
};
static const char *const no_addresses[] = { "arp", "0x88b5", "0x0806" };

static void print_rule(FILE *to)
{
	static const char *const verdicts[] = { "allow", "allow", "deny", "reject" };
	unsigned kind = random_below(8);
	fprintf(to, "      - {%s: ", PICK(verdicts));
	if (kind == 0) {
		fprintf(to, "%s", PICK(no_addresses));
		if (random_below(2))
			fputs(", from: \"02:00:00:00:00:02\"", to);
	} else {
		fputs(kind < 4 ? PICK(without) : PICK(with_ports), to);
		if (kind >= 4 && random_below(4))
			print_ports(to, "port");
		if (kind >= 4 && !random_below(3))
			print_ports(to, "sport");
		if (!random_below(8))
			fprintf(to, ", dscp: %u", random_below(2) ? 46 : 0);
		if (random_below(3)) {
			fputs(", from: ", to);
			print_members(to, N_GROUPS, 3);
		}
		if (random_below(3)) {
			fputs(", to: ", to);
			if (random_below(10))
				print_members(to, N_GROUPS, 3);
			else
				fputs("red", to);
		}
	}
	fputs(random_below(6) ? "}\n" : ", log: true}\n", to);
}

static void print_list(FILE *to, unsigned i, bool is_simple)
{
	fprintf(to, "  l%u:\n", i);
	if (!random_below(5))
		fputs("    mode: audit\n", to);
	if (is_simple || random_below(2))
		fputs("    stateful: false\n", to);
	else if (!random_below(4))
		fputs("    established: keep\n", to);
	unsigned n = random_below(MAX_RULES);
	fputs(n ? "    rules:\n" : "    rules: []\n", to);
	while (n--)
		print_rule(to);
}

static void print_use(FILE *to, const char *before)
{
	if (!random_below(3))
		fprintf(to, "%sacl: l%u", before, random_below(N_LISTS));
	if (!random_below(3))
		fprintf(to, "%sacl_out: l%u", before, random_below(N_LISTS));
}

static void print_port(FILE *to, const char *port)
{
	fprintf(to, "      - {port: \"%s\"", port);
	print_use(to, ", ");
	fputs("}\n", to);
}

void random_file(FILE *to, bool is_simple)
{
	fputs("version: 1\nswitches:\n  a: {dpid: 1, vtep: 10.9.0.1", to);
	if (!random_below(3))
		print_use(to, ", ");
	fputs("}\n  b: {dpid: 2, vtep: 10.9.0.2", to);
	if (!random_below(3))
		print_use(to, ", ");
	fputs("}\nnetworks:\n  red:\n    subnet: 10.0.0.0/24", to);
	print_use(to, "\n    ");
	fputs("\n    ports:\n", to);
	print_port(to, "a:r1");
	print_port(to, "a:r2");
	print_port(to, is_simple ? "b:r1" : "b:r*");
	if (is_simple)
		print_port(to, "b:r2");
	fputs("  blue:", to);
	print_use(to, "\n    ");
	fputs(is_simple ? "\n    ports: [a:b1, b:b2]\n" : "\n    ports: [{port: a:b1, tag: 5}, b:b2]\n", to);
	fputs("groups:\n", to);
	for (unsigned i = 0; i < N_GROUPS; i++) {
		fprintf(to, "  g%u: ", i);
		print_members(to, i, 5);
		fputc('\n', to);
	}
	fputs("acls:\n", to);
	for (unsigned i = 0; i < N_LISTS; i++)
		print_list(to, i, is_simple);
}

/* --- frames ----------------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *p, unsigned value)
{
	*p++ = (uint8_t) (value >> 8);
	*p++ = (uint8_t) value;
	return p;
}

static void put_ports(uint8_t *l4, unsigned proto)
{
	static const unsigned ports[] = { 22, 23, 67, 68, 80, 81, 443, 546, 547, 1000, 1024, 2047, 2048, 64, 65, 9999 };
	if (proto == 58 || proto == 1) {
		l4[0] = random_below(2) ? 128 : (uint8_t) (132 + random_below(7));
		return;
	}
	put16(l4, PICK(ports));
	put16(l4 + 2, PICK(ports));
	if (proto == 17 && !random_below(4)) {
		put16(l4, random_below(2) ? 67 : 68);
		put16(l4 + 2, random_below(2) ? 67 : 68);
	} else if (proto == 17 && !random_below(8)) {
		put16(l4, 546 + random_below(2));
		put16(l4 + 2, 546 + random_below(2));
	}
	l4[12] = 5 << 4;
}

static const uint8_t protos[] = { 6, 6, 6, 17, 17, 17, 132, 1, 58, 47 };

static void put_ipv4(uint8_t *l3, unsigned src, unsigned dst)
{
	uint8_t proto = PICK(protos);
	l3[0] = 0x45;
	l3[1] = random_below(3) ? 0 : 46 << 2;
	put16(l3 + 2, RANDOM_FRAME - 14);
	if (!random_below(10))
		put16(l3 + 6, random_below(2) ? 0x2000 : 0x2005);
	l3[8] = 64;
	l3[9] = proto;
	memcpy(l3 + 12, (uint8_t[4]) { 10, 0, 0, (uint8_t) src }, 4);
	memcpy(l3 + 16, (uint8_t[4]) { 10, 0, 0, (uint8_t) dst }, 4);
	if (!random_below(4))
		memcpy(l3 + 12, (uint8_t[4]) { 10, 1, 2, (uint8_t) (2 + random_below(2)) }, 4);
	if (!random_below(4))
		memcpy(l3 + 16, (uint8_t[4]) { 10, 1, 2, (uint8_t) (2 + random_below(2)) }, 4);
	put_ports(l3 + 20, proto);
}

static void put_ipv6(uint8_t *l3, unsigned src, unsigned dst)
{
	static const uint8_t prefix[4] = { 0x20, 0x01, 0x0d, 0xb8 };
	uint8_t proto = PICK(protos);
	l3[0] = 0x60;
	if (!random_below(3)) {
		l3[0] |= 46 >> 2;
		l3[1] = (uint8_t) (46 << 6);
	}
	put16(l3 + 4, RANDOM_FRAME - 54);
	l3[6] = proto;
	l3[7] = 255;
	memcpy(l3 + 8, prefix, 4);
	memcpy(l3 + 24, prefix, 4);
	l3[8 + 5] = random_below(4) ? 0 : 1;
	l3[24 + 5] = random_below(4) ? 0 : 1;
	l3[23] = (uint8_t) src;
	l3[39] = (uint8_t) dst;
	put_ports(l3 + 40, proto);
}

size_t random_frame(unsigned dst, unsigned src, uint8_t frame[RANDOM_FRAME])
{
	static const uint8_t arp[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t *l3 = frame + 14;
	memset(frame, 0, RANDOM_FRAME);
	memset(frame, dst ? 0 : 0xff, 6);
	if (dst)
		frame[0] = 2;
	if (dst)
		frame[5] = (uint8_t) dst;
	frame[6] = 2;
	frame[11] = (uint8_t) src;
	switch (random_below(12)) {
	case 0:
		put16(frame + 12, 0x0806);
		memcpy(l3, arp, sizeof arp);
		memcpy(l3 + 14, (uint8_t[4]) { 10, 0, 0, (uint8_t) src }, 4);
		break;
	case 1:
		put16(frame + 12, 0x88b5);
		break;
	case 2: case 3: case 4: case 5:
		put16(frame + 12, 0x86dd);
		put_ipv6(l3, src, dst);
		break;
	default:
		put16(frame + 12, 0x0800);
		put_ipv4(l3, src, dst);
		break;
	}
	return RANDOM_FRAME;
}
