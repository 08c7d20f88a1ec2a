/* SPDX-License-Identifier: Apache-2.0 */
/* See acl_reference.h. Short and plain on purpose. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/acl_reference.h"

struct facts {
	const uint8_t *frame;
	unsigned type, proto, sport, dport, dscp;
	bool is_v4, is_v6, has_ports, is_arp, is_nd, is_dhcp;
	const uint8_t *address[2];      /* source, destination */
};

static unsigned u16(const uint8_t *p) { return p[0] * 256u + p[1]; }

static void read_ip(struct facts *f, const uint8_t *l4, size_t left)
{
	size_t min = f->proto == 6 ? 20 : f->proto == 17 ? 8 : f->proto == 132 ? 12 : 9999;
	if (left >= min) {
		f->has_ports = true;
		f->sport = u16(l4);
		f->dport = u16(l4 + 2);
	}
	f->is_nd = f->is_v6 && f->proto == 58 && left >= 8 && l4[0] >= 133 && l4[0] <= 137;
	if (!f->has_ports || f->proto != 17)
		return;
	if (f->is_v4)
		f->is_dhcp = (f->sport == 68 && f->dport == 67) || (f->sport == 67 && (f->dport == 67 || f->dport == 68));
	else
		f->is_dhcp = (f->sport == 546 || f->sport == 547) && (f->dport == 546 || f->dport == 547);
}

static struct facts read_frame(const uint8_t *frame, size_t size)
{
	struct facts f = { .frame = frame, .type = u16(frame + 12) };
	const uint8_t *l3 = frame + 14;
	f.is_arp = f.type == 0x806;
	f.is_v4 = f.type == 0x800;
	f.is_v6 = f.type == 0x86dd;
	if (f.is_v4) {
		f.proto = l3[9];
		f.dscp = l3[1] >> 2;
		f.address[0] = l3 + 12;
		f.address[1] = l3 + 16;
		read_ip(&f, l3 + 20, u16(l3 + 6) & 0x3fff ? 0 : size - 34);
	} else if (f.is_v6) {
		f.proto = l3[6];
		f.dscp = (l3[0] * 256u + l3[1]) >> 6 & 0x3f;
		f.address[0] = l3 + 8;
		f.address[1] = l3 + 24;
		read_ip(&f, l3 + 40, size - 54);
	}
	return f;
}

static bool bits_match(const uint8_t *address, const uint8_t *prefix, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if ((address[i / 8] ^ prefix[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool member_matches(const struct net *, const struct net_members *, const struct facts *, int side);

static bool name_matches(const struct net *net, const char *name, const struct facts *f, int side)
{
	for (size_t i = 0; i < net->n_groups; i++)
		if (!strcmp(net->groups[i].name, name))
			return member_matches(net, &net->groups[i].members, f, side);
	for (size_t i = 0; i < net->n_networks; i++) {
		unsigned a, b, c, d, len;
		if (strcmp(net->networks[i].name, name)
		    || sscanf(net->networks[i].subnet, "%u.%u.%u.%u/%u", &a, &b, &c, &d, &len) != 5)
			continue;
		const uint8_t prefix[4] = { (uint8_t) a, (uint8_t) b, (uint8_t) c, (uint8_t) d };
		return f->is_v4 && bits_match(f->address[side], prefix, len);
	}
	return false;
}

static bool member_matches(const struct net *net, const struct net_members *members, const struct facts *f, int side)
{
	for (size_t i = 0; i < members->n; i++) {
		const struct net_member *m = &members->items[i];
		const uint8_t *mac = f->frame + (side ? 0 : 6);
		bool is_hit = m->kind == MEMBER_ANY || (m->kind == MEMBER_NAME && name_matches(net, m->text, f, side));
		if (m->kind == MEMBER_PREFIX)
			is_hit = (m->prefix.is_v6 ? f->is_v6 : f->is_v4)
				&& bits_match(f->address[side], m->prefix.bytes, m->prefix.len);
		if (m->kind == MEMBER_MAC) {
			is_hit = true;
			for (int k = 0; k < 6; k++)
				is_hit &= (mac[k] & m->mac.mask[k]) == m->mac.value[k];
		}
		if (is_hit)
			return true;
	}
	return false;
}

/* "80,443,1000-2000,1024/1024" */
static bool port_matches(const char *text, unsigned port)
{
	for (const char *p = text; p; p = strchr(p, ',')) {
		char *end;
		unsigned long first = strtoul(p + (*p == ','), &end, 10), second = first;
		if (*end == '-' || *end == '/')
			second = strtoul(end + 1, NULL, 10);
		if (*end == '/' ? (port & second) == first : port >= first && port <= second)
			return true;
		p = end;
	}
	return !text;
}

static bool protocol_matches(const char *word, const struct facts *f)
{
	static const struct { const char *word; unsigned proto; } ips[] = { { "tcp", 6 }, { "udp", 17 }, { "sctp", 132 } };
	if (!strcmp(word, "any"))
		return true;
	if (!strcmp(word, "arp"))
		return f->is_arp;
	if (!strcmp(word, "nd"))
		return f->is_nd;
	if (!strcmp(word, "dhcp"))
		return f->is_dhcp;
	if (!strcmp(word, "icmp"))
		return f->is_v4 && f->proto == 1;
	if (!strcmp(word, "icmp6"))
		return f->is_v6 && f->proto == 58;
	for (size_t i = 0; i < 3; i++)
		if (!strcmp(word, ips[i].word))
			return (f->is_v4 || f->is_v6) && f->proto == ips[i].proto;
	unsigned long number = strtoul(word, NULL, 0);
	return number > 255 ? f->type == number : (f->is_v4 || f->is_v6) && f->proto == number
		&& (number != 1 || f->is_v4) && (number != 58 || f->is_v6);
}

/* Does a list of ports hold one of DHCP by itself? */
static bool lists_dhcp(const char *text)
{
	for (const char *p = text; p && *p; p = *p ? p + 1 : p) {
		size_t n = strcspn(p, ",");
		unsigned long port = strtoul(p, NULL, 10);
		if (!memchr(p, '-', n) && !memchr(p, '/', n) && (port == 67 || port == 68 || port == 546 || port == 547))
			return true;
		p += n;
	}
	return false;
}

static bool names_need(const struct net_rule *rule, const struct facts *f)
{
	const char *word = rule->protocol.text;
	if (f->is_arp)
		return !strcmp(word, "arp") || strtoul(word, NULL, 0) == 0x806;
	if (f->is_nd)
		return !strcmp(word, "nd");
	return !strcmp(word, "dhcp") || ((!strcmp(word, "udp") || !strcmp(word, "17"))
					 && (lists_dhcp(rule->port.text) || lists_dhcp(rule->sport.text)));
}

bool reference_passes(const struct net *net, const char *name, const uint8_t *frame, size_t size,
		      const struct reference_tracked *tracked)
{
	struct facts f = read_frame(frame, size);
	bool is_need = f.is_arp || f.is_nd || f.is_dhcp, is_ip = (f.is_v4 || f.is_v6) && !is_need;
	const struct net_acl *acl = net->acls;
	while (strcmp(acl->name, name))
		acl++;
	bool is_audit = acl->mode == ACL_AUDIT, keeps = acl->established == ACL_KEEP;
	if (acl->stateful && is_ip && tracked->is_reply)
		return !tracked->is_cut || keeps || is_audit;
	if (acl->stateful && is_ip && (tracked->is_related || (keeps && tracked->is_established)))
		return true;
	for (size_t i = 0; i < acl->n_rules; i++) {
		const struct net_rule *rule = &acl->rules[i];
		if ((is_need && !names_need(rule, &f)) || !protocol_matches(rule->protocol.text, &f)
		    || !port_matches(rule->port.text, f.dport)
		    || !port_matches(rule->sport.text, f.sport)
		    || (rule->dscp != NET_NONE && (rule->dscp != f.dscp || !(f.is_v4 || f.is_v6)))
		    || (rule->from.members.n && !member_matches(net, &rule->from.members, &f, 0))
		    || (rule->to.members.n && !member_matches(net, &rule->to.members, &f, 1)))
			continue;
		return rule->verdict == NET_ALLOW || is_audit;
	}
	return is_need || is_audit;
}
