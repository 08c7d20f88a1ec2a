/* SPDX-License-Identifier: Apache-2.0 */
/* The same question to Open vSwitch itself: ovs-appctl ofproto/trace. Nothing moves by it. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/explain_say.h"
#include "ofproto/build.h"
#include "ofproto/packet.h"

struct text {
	char buf[700];
	size_t len;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->buf + t->len, sizeof t->buf - t->len, format, args);
	va_end(args);
	t->len += n > 0 ? (size_t) n : 0;
	if (t->len >= sizeof t->buf)
		t->len = sizeof t->buf - 1;
}

/* Open vSwitch names the bridge's own port like the bridge. */
static const char *bridge(const struct explaining *e, uint32_t slot)
{
	const struct view_switch *vs = view_switch(e->view, slot);
	for (size_t i = 0; vs && i < vs->n_ports; i++)
		if (vs->ports[i].local)
			return vs->ports[i].name;
	return "BRIDGE";
}

static void add_macs(struct text *t, const uint8_t src[6], const uint8_t dst[6])
{
	char a[MAC_TEXT], b[MAC_TEXT];
	add(t, ",dl_src=%s,dl_dst=%s", mac_format(src, a), mac_format(dst, b));
}

static void add_addresses(struct text *t, const uint8_t *src, const uint8_t *dst, bool is_v6, const char *prefix)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	int family = is_v6 ? AF_INET6 : AF_INET;
	add(t, ",%s_%s=%s,%s_%s=%s", prefix, prefix[0] == 'a' ? "spa" : "src", inet_ntop(family, src, a, sizeof a), prefix,
	    prefix[0] == 'a' ? "tpa" : "dst", inet_ntop(family, dst, b, sizeof b));
}

static void add_resolve(struct text *t, const struct explaining *e, const struct explain_end *src,
			const struct explain_end *dst, bool is_reply)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t group[16] = { 0xff, 0x02, [11] = 1, 0xff }, group_mac[6] = { 0x33, 0x33, 0xff };
	char mac[MAC_TEXT], target[INET6_ADDRSTRLEN];
	if (!e->is_v6) {
		add_macs(t, src->mac, is_reply ? dst->mac : broadcast);
		add(t, ",arp,arp_op=%d", is_reply ? 2 : 1);
		add_addresses(t, src->ip4, dst->ip4, false, "arp");
		add(t, ",arp_sha=%s", mac_format(src->mac, mac));
		return;
	}
	memcpy(group + 13, dst->ip6 + 13, 3);
	memcpy(group_mac + 3, dst->ip6 + 13, 3);
	add_macs(t, src->mac, is_reply ? dst->mac : group_mac);
	add(t, ",icmp6");
	add_addresses(t, src->ip6, is_reply ? dst->ip6 : group, true, "ipv6");
	inet_ntop(AF_INET6, is_reply ? src->ip6 : dst->ip6, target, sizeof target);
	add(t, ",icmpv6_type=%d,icmpv6_code=0,nd_target=%s,%s=%s", is_reply ? 136 : 135, target, is_reply ? "nd_tll" : "nd_sll",
	    mac_format(src->mac, mac));
}

static void add_said(struct text *t, const struct said *said, const uint8_t mac[6])
{
	char ip[INET6_ADDRSTRLEN], sll[MAC_TEXT];
	add_macs(t, mac, said->dst_mac);
	if (said->layer == SAID_ARP) {
		add(t, ",arp,arp_op=1");
		add_addresses(t, said->ips.src, said->ips.dst, false, "arp");
		add(t, ",arp_sha=%s", mac_format(mac, sll));
		return;
	}
	add(t, said->layer == SAID_ND ? ",icmp6" : said->ips.is_v6 ? ",udp6" : ",udp");
	add_addresses(t, said->ips.src, said->ips.dst, said->ips.is_v6, said->ips.is_v6 ? "ipv6" : "nw");
	if (said->layer == SAID_UDP)
		add(t, ",nw_ttl=64,udp_src=%u,udp_dst=%u", said->sport, said->dport);
	else
		add(t, ",nw_ttl=255,icmpv6_type=%u,icmpv6_code=0", said->type);
	if (said->layer == SAID_ND && said->type != ND_ROUTER)
		add(t, ",nd_target=%s", inet_ntop(AF_INET6, said->target, ip, sizeof ip));
	if (said->layer == SAID_ND && said->type == ND_ADVERTISEMENT)
		add(t, ",nd_tll=%s", mac_format(mac, sll));
}

static const char *word_of(uint8_t proto)
{
	return proto == 6 ? "tcp" : proto == 17 ? "udp" : proto == 132 ? "sctp" : NULL;
}

static void add_ip(struct text *t, const struct explaining *e, const struct explain_end *src,
		   const struct explain_end *dst, bool is_reply)
{
	const struct explain_protocol *p = &e->protocol;
	const char *word = p->kind == EXPLAIN_IP ? word_of(p->number) : NULL;
	add_macs(t, src->mac, dst->mac);
	if (e->is_v6 && e->piece == PIECE_LATER)
		add(t, ",ipv6,nw_proto=44");
	else if (p->kind != EXPLAIN_IP)
		add(t, e->is_v6 ? ",icmp6" : ",icmp");
	else if (word)
		add(t, ",%s%s", word, e->is_v6 ? "6" : "");
	else
		add(t, ",%s,nw_proto=%u", e->is_v6 ? "ipv6" : "ip", p->number);
	if (e->is_v6)
		add_addresses(t, src->ip6, dst->ip6, true, "ipv6");
	else
		add_addresses(t, src->ip4, dst->ip4, false, "nw");
	add(t, ",nw_ttl=64");
	if (e->piece != PIECE_WHOLE)
		add(t, e->piece == PIECE_FIRST ? ",nw_frag=first" : ",nw_frag=later");
	else if (p->kind != EXPLAIN_IP)
		add(t, e->is_v6 ? ",icmpv6_type=%d,icmpv6_code=0" : ",icmp_type=%d,icmp_code=0",
		    e->is_v6 ? is_reply ? 129 : 128 : is_reply ? 0 : 8);
	else if (word)
		add(t, ",%s_src=%u,%s_dst=%u", word, is_reply ? p->port : 40000, word, is_reply ? 40000 : p->port);
}

static void add_tunnel(struct text *t, const struct explain_entry *entry)
{
	static const uint8_t none[16];
	char text[INET6_ADDRSTRLEN];
	struct in_addr src = { htonl(entry->tun_src) };
	if (!entry->is_tunnel)
		return;
	add(t, ",tun_id=0x%" PRIx64, entry->tun_id);
	if (memcmp(entry->tun_src6, none, 16))
		add(t, ",tun_ipv6_src=%s", inet_ntop(AF_INET6, entry->tun_src6, text, sizeof text));
	else
		add(t, ",tun_src=%s", inet_ntop(AF_INET, &src, text, sizeof text));
}

/* What the connection's label is; trace keeps it while it asks connection tracking. */
static void add_label(struct text *t, const uint8_t label[16])
{
	static const uint8_t none[16];
	if (!memcmp(label, none, sizeof none))
		return;
	add(t, ",ct_label=0x");
	for (size_t i = 0; i < sizeof none; i++)
		add(t, "%02x", label[i]);
}

const char *explain_trace_command(struct explaining *e, enum leg_kind kind, unsigned from, unsigned client,
				  const struct explain_entry *entry)
{
	const struct explain_end *src = &e->x->ends[from], *dst = entry->is_back ? &e->x->ends[!from] : explain_seen(e, !from);
	bool is_reply = from != client;
	struct text t = { .len = 0 };
	add(&t, "ovs-appctl ofproto/trace %s in_port=%" PRIu32, bridge(e, entry->slot), entry->in_port);
	add_tunnel(&t, entry);
	if (entry->vid != NET_UNTAGGED)
		add(&t, ",dl_vlan=%u,dl_vlan_pcp=0", entry->vid);
	if (kind == LEG_RESOLVE || kind == LEG_RESOLVED) {
		add_resolve(&t, e, src, dst, is_reply);
	} else if (explain_says(&e->protocol)) {
		const struct said said = said_of(e, from, client);
		add_said(&t, &said, src->mac);
	} else if (e->protocol.kind == EXPLAIN_ETHER) {
		add_macs(&t, src->mac, dst->mac);
		add(&t, ",dl_type=0x%04x", e->protocol.eth_type ? e->protocol.eth_type : 0x88b5);
	} else {
		add_ip(&t, e, src, dst, is_reply);
	}
	add_label(&t, entry->ct_label);
	/* Without a word of it trace takes every connection for a new one. */
	if (entry->is_tracked)
		add(&t, " --ct-next '%s'", entry->ct_state & TRACKED_REPLY ? "trk,est,rpl" : "trk,new");
	if (entry->is_translated)
		add(&t, " --ct-next 'trk,new,snat'");
	return arena_strdup(e->arena, t.buf);
}
