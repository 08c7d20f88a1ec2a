/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that a rule reports: an event that says which rule and why, and the
 * answer to the sender when the rule rejects. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "apps/acl.h"

enum {
	ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd, ETH_VLAN = 0x8100, IP_TCP = 6, IP_UDP = 17, IP_SCTP = 132,
	IPV4_SIZE = 20, IPV6_SIZE = 40, MACS = 12, TAG = 4,
};

/* The rule whose row punted, and its list; null when the file has it no more. */
static const struct net_rule *find_rule(const struct net *net, uint64_t cookie, const struct net_acl **ret_acl)
{
	for (size_t i = 0; i < net->n_acls; i++) {
		for (size_t k = 0; k < net->acls[i].n_rules; k++) {
			const struct net_rule *rule = &net->acls[i].rules[k];
			if (net->objects[rule->object].id != cookie_object(cookie))
				continue;
			*ret_acl = &net->acls[i];
			return rule;
		}
	}
	return NULL;
}

/* --- in words --------------------------------------------------------------------------- */

struct words { char text[160]; };

static unsigned u16(const uint8_t *p) { return (unsigned) p[0] << 8 | p[1]; }

static const char *proto_name(uint8_t proto)
{
	return proto == IP_TCP ? "tcp" : proto == IP_UDP ? "udp" : proto == IP_SCTP ? "sctp" : NULL;
}

static struct words in_words(const uint8_t *frame, size_t size)
{
	struct packet p;
	struct words w = { "a short frame" };
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], mac[2][MAC_TEXT];
	if (!packet_parse(&p, frame, size))
		return w;
	const uint8_t *l3 = frame + p.l3_offset;
	size_t left = size - p.l3_offset;
	bool is_v6 = p.eth_type == ETH_IPV6 && left >= IPV6_SIZE;
	if (!is_v6 && (p.eth_type != ETH_IPV4 || left < IPV4_SIZE)) {
		snprintf(w.text, sizeof w.text, "ethertype 0x%04x from %s to %s", p.eth_type,
			 mac_format(p.src, mac[0]), mac_format(p.dst, mac[1]));
		return w;
	}
	uint8_t proto = is_v6 ? l3[6] : l3[9];
	size_t header = is_v6 ? IPV6_SIZE : (l3[0] & 15u) * 4u;
	bool has_ports = proto_name(proto) && left >= header + 4 && (is_v6 || !(u16(l3 + 6) & 0x1fff));
	inet_ntop(is_v6 ? AF_INET6 : AF_INET, l3 + (is_v6 ? 8 : 12), from, sizeof from);
	inet_ntop(is_v6 ? AF_INET6 : AF_INET, l3 + (is_v6 ? 24 : 16), to, sizeof to);
	if (has_ports)
		snprintf(w.text, sizeof w.text, "%s from %s port %u to %s port %u", proto_name(proto), from,
			 u16(l3 + header), to, u16(l3 + header + 2));
	else
		snprintf(w.text, sizeof w.text, "IP protocol %u from %s to %s", proto, from, to);
	return w;
}

static const char *did(const struct net_acl *acl, const struct net_rule *rule)
{
	if (acl->mode == ACL_AUDIT && rule->verdict != NET_ALLOW)
		return rule->verdict == NET_DENY ? "would deny" : "would reject";
	return rule->verdict == NET_ALLOW ? "allowed" : rule->verdict == NET_DENY ? "denied" : "rejected";
}

static void tell(const struct scene *scene, const struct app_punt *punt, const struct net_acl *acl,
		 const struct net_rule *rule, struct reply *reply)
{
	uint32_t index = net_network_by_id(scene->net, punt->network);
	const struct view_switch *vs = view_switch(scene->view, punt->sw);
	const struct view_port *port = view_port(scene->view, punt->sw, punt->in_port);
	struct words words = in_words(punt->frame, punt->size);
	char text[600];
	if (!reply->note || !vs)
		return;
	snprintf(text, sizeof text, "rule \"%.200s\" of acl \"%s\" (%s:%u) %s %s, in network %s by port %s",
		 rule->name ? rule->name : rule->text, acl->name, scene->net->file, rule->where.line,
		 did(acl, rule), words.text, index == NET_NONE ? "?" : scene->net->networks[index].name,
		 port ? port->name : "?");
	reply->note(reply->ctx, "acl", vs->name, text);
}

/* --- answers ---------------------------------------------------------------------------- */

/* Out by the port the frame came in by, with the tag of its network there. Not of a flood: one port's list has refused
 * its copy, and the port that the frame is for may let it in. */
static void answer(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	const struct view_port *port = view_port(scene->view, punt->sw, punt->in_port);
	const struct view_use *use = port ? view_use(port, punt->network) : NULL;
	uint8_t frame[REJECTION_MAX + TAG];
	if (!use || use->is_uplink || punt->class != CLASS_EDGE || punt->peer == PEER_FLOODED)
		return;
	size_t size = acl_rejection(punt->frame, punt->size, frame);
	if (size && use->tag != NET_UNTAGGED) {
		memmove(frame + MACS + TAG, frame + MACS, size - MACS);
		frame[MACS] = ETH_VLAN >> 8;
		frame[MACS + 1] = ETH_VLAN & 0xff;
		frame[MACS + 2] = (uint8_t) (use->tag >> 8);
		frame[MACS + 3] = (uint8_t) use->tag;
		size += TAG;
	}
	if (size)
		reply->send(reply->ctx, punt->sw, &punt->in_port, 1, frame, size);
}

/* A flood has a copy for each port with lists, and that of the port where it came in is never sent. */
static bool is_own_copy(const struct app_punt *punt)
{
	return punt->peer == PEER_FLOODED && punt->out == punt->in_port;
}

void acl_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	const struct net_acl *acl;
	const struct net_rule *rule = find_rule(scene->net, punt->cookie, &acl);
	if (!rule || is_own_copy(punt))
		return;
	if (rule->log)
		tell(scene, punt, acl, rule, reply);
	if (rule->verdict == NET_REJECT && acl->mode == ACL_ENFORCE)
		answer(scene, punt, reply);
}
