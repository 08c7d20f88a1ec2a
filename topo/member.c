/* SPDX-License-Identifier: Apache-2.0 */
/* The members of groups and of `from` and `to`: addresses, prefixes, MACs with
 * a mask, names. One, or a list of them. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/member.h"
#include "topo/model.h"

enum { MAC_LEN = 17 };                  /* 52:54:00:aa:00:20 */

static bool is_mac_like(const char *text)
{
	size_t n_colons = 0, n = 0;

	for (; text[n] && text[n] != '/'; n++)
		n_colons += text[n] == ':';
	return n == MAC_LEN && n_colons == 5;
}

static void put_mac(uint64_t mac, uint8_t ret[6])
{
	for (int i = 5; i >= 0; i--, mac >>= 8)
		ret[i] = (uint8_t) mac;
}

static bool read_mac(const struct section_scene *scene, const struct scalar *in, struct net_member *member,
		     struct complaint *complaint)
{
	const char *slash = strchr(in->text, '/');
	size_t len = slash ? (size_t) (slash - in->text) : strlen(in->text);
	struct scalar value = {.text = arena_strndup(scene->arena, in->text, len), .is_quoted = in->is_quoted};
	uint64_t mac, mask = (UINT64_C(1) << 48) - 1;

	if (!scalar_mac(value, &mac, complaint))
		return false;
	if (slash && !scalar_mac((struct scalar) {slash + 1, true}, &mask, complaint))
		return false;
	if (!mask || mac & ~mask) {
		complaint->code = DIAG_RULE;
		snprintf(complaint->text, sizeof complaint->text,
			 mask ? "is %.60s, and the address has bits outside of the mask; clear them"
			      : "is %.60s, which matches every address; write any", in->text);
		return false;
	}
	put_mac(mac, member->mac.value);
	put_mac(mask, member->mac.mask);
	member->kind = MEMBER_MAC;
	const uint8_t *v = member->mac.value, *m = member->mac.mask;
	member->text = arena_printf(scene->arena, "%02x:%02x:%02x:%02x:%02x:%02x", v[0], v[1], v[2], v[3], v[4],
				    v[5]);
	if (slash)
		member->text = arena_printf(scene->arena, "%s/%02x:%02x:%02x:%02x:%02x:%02x", member->text, m[0],
					    m[1], m[2], m[3], m[4], m[5]);
	return true;
}

bool prefix_read(const char *text, struct net_prefix *ret)
{
	char address[SCALAR_ADDRESS_SIZE];
	const char *slash = strchr(text, '/');

	snprintf(address, sizeof address, "%.*s", (int) (slash ? (size_t) (slash - text) : strlen(text)), text);
	ret->is_v6 = strchr(address, ':') != NULL;
	ret->len = slash ? (uint8_t) atoi(slash + 1) : ret->is_v6 ? 128 : 32;
	return inet_pton(ret->is_v6 ? AF_INET6 : AF_INET, address, ret->bytes) == 1;
}

/* ::ffff:10.0.0.1 is how programs write IPv4 addresses to themselves (RFC 4291, 2.5.5.2). The whole prefix is
 * another matter: who denies it knows that. */
static void warn_of_mapped(const struct section_scene *scene, const struct net_member *member)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct net_prefix *prefix = &member->prefix;
	char ip4[INET_ADDRSTRLEN];

	if (!prefix->is_v6 || prefix->len <= 8 * sizeof mapped || memcmp(prefix->bytes, mapped, sizeof mapped))
		return;
	inet_ntop(AF_INET, prefix->bytes + sizeof mapped, ip4, sizeof ip4);
	diag_add(scene->diag, member->where, DIAG_MAPPED,
		 "%s is an IPv4 address in the form of an IPv6 one, which no packet carries; write %s%s", member->text, ip4,
		 prefix->len < 128 ? arena_printf(scene->arena, "/%zu", prefix->len - 8 * sizeof mapped) : "");
}

static bool read_prefix(const struct section_scene *scene, const struct scalar *in, struct net_member *member,
			struct complaint *complaint)
{
	char text[SCALAR_ADDRESS_SIZE];
	bool is_good = strchr(in->text, '/') ? scalar_prefix(*in, text, complaint)
					     : scalar_address(*in, text, complaint);

	if (!is_good || !prefix_read(text, &member->prefix))
		return false;
	member->kind = MEMBER_PREFIX;
	member->text = arena_strdup(scene->arena, text);
	warn_of_mapped(scene, member);
	return true;
}

static bool is_address_like(const char *text)
{
	size_t n = strspn(text, "0123456789abcdefABCDEF.:/");

	if (strchr(text, ':') || strchr(text, '/'))
		return true;
	/* Digits and dots alone are an address, or one with a slip in it. */
	return !text[n] && strchr(text, '.') && !text[strspn(text, "0123456789.")];
}

static bool is_any(const char *text) { return !strcmp(text, "any"); }

bool member_is_name(const char *text) { return !is_any(text) && !is_mac_like(text) && !is_address_like(text); }

static bool read_member(const struct section_scene *scene, const struct section_at *at,
			const struct section_key *key, const struct yaml_node *node, struct net_member *member)
{
	struct complaint complaint = {.code = DIAG_TYPE, .text = "is no address"};
	struct scalar in;
	bool is_good;

	member->where = node->where;
	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (is_any(in.text)) {
		member->kind = MEMBER_ANY;
		member->text = "any";
		return true;
	}
	if (is_mac_like(in.text)) {
		is_good = read_mac(scene, &in, member, &complaint);
	} else if (is_address_like(in.text)) {
		is_good = read_prefix(scene, &in, member, &complaint);
	} else {
		is_good = scalar_name(in, &complaint);
		member->kind = MEMBER_NAME;
		member->text = arena_strdup(scene->arena, in.text);
	}
	if (!is_good)
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
	return is_good;
}

static bool parse_members(const struct section_scene *scene, const struct section_at *at,
			  const struct section_key *key, const struct yaml_node *node, void *member_)
{
	struct net_members *members = member_;
	bool is_seq = node->kind == YAML_SEQ;
	size_t n = is_seq ? node->n_items : 1;

	members->items = arena_new_array(scene->arena, struct net_member, n);
	for (size_t i = 0; i < n; i++)
		if (read_member(scene, at, key, is_seq ? node->items[i] : node, &members->items[members->n]))
			members->n++;
	return true;
}

static void schema_members(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": \"string\"}}]", out);
}

const struct section_type section_members = {
	.title = "address, prefix, MAC, name, or a list of them",
	.parse = parse_members,
	.schema = schema_members,
	.takes_list = true,
};

/* --- sets ---------------------------------------------------------------------------- */

bool prefix_covers(const struct net_prefix *a, const struct net_prefix *b)
{
	if (a->is_v6 != b->is_v6 || a->len > b->len)
		return false;
	if (memcmp(a->bytes, b->bytes, a->len / 8u))
		return false;
	uint8_t mask = (uint8_t) (0xff00u >> a->len % 8u);

	return !(a->len % 8u) || !((a->bytes[a->len / 8u] ^ b->bytes[a->len / 8u]) & mask);
}

bool mac_covers(const struct net_mac_mask *a, const struct net_mac_mask *b)
{
	for (int i = 0; i < 6; i++)
		if (a->mask[i] & ~b->mask[i] || (a->value[i] ^ b->value[i]) & a->mask[i])
			return false;
	return true;
}

/* By family, address, and the wider first: what is inside follows what it is in. */
int prefix_compare(const void *a_, const void *b_)
{
	const struct net_prefix *a = a_, *b = b_;

	if (a->is_v6 != b->is_v6)
		return a->is_v6 ? 1 : -1;
	int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);

	return order ? order : (int) a->len - (int) b->len;
}

size_t prefixes_settle(struct net_prefix *prefixes, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(prefixes, n, sizeof *prefixes, prefix_compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || !prefix_covers(&prefixes[kept - 1], &prefixes[i]))
			prefixes[kept++] = prefixes[i];
	return kept;
}

static int mac_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct net_mac_mask));
}

size_t macs_settle(struct net_mac_mask *macs, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(macs, n, sizeof *macs, mac_compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || mac_compare(&macs[kept - 1], &macs[i]))
			macs[kept++] = macs[i];
	return kept;
}

bool prefixes_cover(const struct net_prefix *prefixes, size_t n, const struct net_prefix *inner)
{
	size_t low = 0, high = n;

	/* The last one that does not begin behind it is the only one that can. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (prefix_compare(&prefixes[middle], inner) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && prefix_covers(&prefixes[low - 1], inner);
}
