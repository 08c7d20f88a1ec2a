/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a question as the answer has them: place and addresses, or the address
 * that the first one shall send from. */
#include <arpa/inet.h>
#include <string.h>

#include "controller/explain_impl.h"
#include "ofproto/packet.h"

static bool is_link_local(const uint8_t ip[16]) { return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80; }

/* An address that others would use for it; wider ones first. */
static void take_addresses(struct explaining *e, struct explain_end *end, const struct candidate *c)
{
	uint32_t id = e->net->networks[c->network].id;
	const struct binding *b = NULL;
	while ((b = view_host_binding(e->view, id, c->mac, b))) {
		if (b->is_v6 && (!end->has_ip6 || (is_link_local(end->ip6) && !is_link_local(b->ip)))) {
			end->has_ip6 = true;
			memcpy(end->ip6, b->ip, 16);
		} else if (!b->is_v6 && !end->has_ip4) {
			end->has_ip4 = true;
			memcpy(end->ip4, b->ip, 4);
		}
	}
	if (!end->has_ip4 && c->host && c->host->has_ip4) {
		end->has_ip4 = true;
		memcpy(end->ip4, c->host->ip4, 4);
	}
	if (!end->has_ip6 && c->host && c->host->has_ip6) {
		end->has_ip6 = true;
		memcpy(end->ip6, c->host->ip6, 16);
	}
	for (size_t i = 0; c->entry && i < c->entry->ips.n; i++) {
		const struct net_address *ip = &c->entry->ips.items[i];
		if (ip->is_v6 && !end->has_ip6)
			memcpy(end->ip6, ip->bytes, 16);
		if (!ip->is_v6 && !end->has_ip4)
			memcpy(end->ip4, ip->bytes, 4);
		*(ip->is_v6 ? &end->has_ip6 : &end->has_ip4) = true;
	}
}

/* RFC 4291, appendix A: where routers speak from. */
void explain_link_local(struct explain_end *end)
{
	const uint8_t *mac = end->mac;
	memcpy(end->ip6, (uint8_t[16]) { 0xfe, 0x80, [8] = (uint8_t) (mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] }, 16);
	end->has_ip6 = true;
}

/* The first end with another address than its own. */
void explain_take_as(struct explaining *e)
{
	const struct explain_as *as = &e->question->as;
	struct explain_end *end = &e->x->ends[0];
	char mac[MAC_TEXT], ip[INET6_ADDRSTRLEN];
	if (!as->has_mac && !as->has_ip)
		return;
	end->is_as = true;
	if (as->has_mac) {
		end->has_mac = true;
		memcpy(end->mac, as->mac, 6);
		end->name = explain_printf(e, "%s as %s", end->name, mac_format(as->mac, mac));
	}
	if (!as->has_ip)
		return;
	memcpy(as->is_v6 ? end->ip6 : end->ip4, as->ip, as->is_v6 ? 16 : 4);
	*(as->is_v6 ? &end->has_ip6 : &end->has_ip4) = true;
	end->name = explain_printf(e, "%s%s%s", end->name, as->has_mac ? ", " : " as ",
				   inet_ntop(as->is_v6 ? AF_INET6 : AF_INET, as->ip, ip, sizeof ip));
}

bool explain_as_parse(const char *text, struct explain_as *as)
{
	char word[80];
	*as = (struct explain_as) { 0 };
	while (*text) {
		size_t len = strcspn(text, ",");
		if (len >= sizeof word)
			return false;
		memcpy(word, text, len);
		word[len] = '\0';
		text += len + (text[len] == ',');
		if (!as->has_mac && mac_parse(word, as->mac))
			as->has_mac = true;
		else if (!as->has_ip && (inet_pton(AF_INET, word, as->ip) == 1 || (as->is_v6 = inet_pton(AF_INET6, word, as->ip) == 1)))
			as->has_ip = true;
		else
			return false;
	}
	return as->has_mac || as->has_ip;
}

static uint32_t line_of(const struct explaining *e, const struct candidate *c)
{
	if (c->entry)
		return c->entry->where.line;
	if (!c->use)
		return 0;
	const struct net_use use = { .network = c->use->network, .port = c->use->entry, .is_uplink = c->use->is_uplink,
				     .is_physical = c->use->is_physical };
	return net_use_line(e->net, &use);
}

void explain_fill_end(struct explaining *e, unsigned i, const struct find *f)
{
	const struct candidate *c = &e->ends[i];
	struct explain_end *end = &e->x->ends[i];
	*end = (struct explain_end) {
		.asked = f->asked, .name = f->word, .is_heard = c->host || c->vtep,
		.network = c->network == NET_NONE ? NULL : arena_strdup(e->arena, e->net->networks[c->network].name),
		.sw = c->sw_name ? arena_strdup(e->arena, c->sw_name) : NULL,
		.port = c->port_name ? arena_strdup(e->arena, c->port_name) : NULL,
		.tag = c->use ? c->use->tag : c->entry ? c->entry->tag : NET_UNTAGGED, .line = line_of(e, c),
		.vtep = c->vtep ? arena_strdup(e->arena, c->vtep->end.name) : NULL,
		.is_lan = c->use && (c->use->is_uplink || c->use->is_physical),
		.has_mac = c->has_mac,
		/* Nobody has this one, weft's own probes neither. */
		.mac = { 0x0a, 'n', 'o', 'n', 'e', (uint8_t) (i + 1) },
	};
	if (c->has_mac)
		memcpy(end->mac, c->mac, 6);
	if (c->network != NET_NONE && c->has_mac)
		take_addresses(e, end, c);
	if (!f->is_ip)
		return;
	/* As it was asked for. */
	*(f->is_v6 ? &end->has_ip6 : &end->has_ip4) = true;
	memcpy(f->is_v6 ? end->ip6 : end->ip4, f->ip, f->is_v6 ? 16 : 4);
}
