/* SPDX-License-Identifier: Apache-2.0 */
/* Connections whose source is translated: the server sees somebody else, asks for that
 * one's address and answers to it. */
#include <arpa/inet.h>
#include <string.h>

#include "apps/acl.h"
#include "controller/explain_impl.h"
#include "ofproto/packet.h"

enum { IPV4_SRC = 12, IPV6_SRC = 8, ETH_IPV6 = 0x86dd };

bool explain_is_snat_mac(const struct explaining *e, const uint8_t mac[6])
{
	return e->network != NET_NONE && e->net->networks[e->network].n_snats && !memcmp(mac, acl_snat_mac, 6);
}

bool explain_is_snat_ip(const struct explaining *e, bool is_v6, const uint8_t *ip)
{
	return e->network != NET_NONE && net_translates_to(&e->net->networks[e->network], is_v6, ip);
}

void explain_translated(struct explaining *e, unsigned client, const struct walk *walk)
{
	struct explain_end *seen = arena_alloc(e->arena, sizeof *seen);
	struct packet p;
	size_t i = 0;
	*seen = e->x->ends[client];
	/* Of a flood, a copy that met the rule. */
	while (i < walk->n_outs && memcmp(walk->outs[i].frame + 6, acl_snat_mac, 6))
		i++;
	if (i == walk->n_outs || !packet_parse(&p, walk->outs[i].frame, walk->outs[i].size))
		return;
	memcpy(seen->mac, p.src, 6);
	if (p.eth_type == ETH_IPV6)
		memcpy(seen->ip6, p.data + p.l3_offset + IPV6_SRC, 16);
	else
		memcpy(seen->ip4, p.data + p.l3_offset + IPV4_SRC, 4);
	e->seen_as[client] = seen;
}

static const char *ip_text(const struct explaining *e, const struct explain_end *end, char buf[INET6_ADDRSTRLEN])
{
	return inet_ntop(e->is_v6 ? AF_INET6 : AF_INET, e->is_v6 ? end->ip6 : end->ip4, buf, INET6_ADDRSTRLEN);
}

const char *explain_snat_text(struct explaining *e, const struct explain_step *step, unsigned client)
{
	char ip[INET6_ADDRSTRLEN];
	if (!step->row)
		return NULL;
	if (!strcmp(step->row, "translated-source") && e->seen_as[client])
		return explain_printf(e, "source becomes %s", ip_text(e, e->seen_as[client], ip));
	if (!strcmp(step->row, "translate-back"))
		return explain_printf(e, "destination becomes %s again", ip_text(e, &e->x->ends[client], ip));
	return NULL;
}
