/* SPDX-License-Identifier: Apache-2.0 */
/* What facts are called, and their reasons. */
#include "topo/fact.h"

#include <string.h>

#include "topo/net.h"
#include "topo/view.h"

const char *fact_word(enum fact_kind kind)
{
	static const char *const words[N_FACT_KINDS] = {
#define FACT(NAME, WORD, HELP) [FACT_##NAME] = WORD,
		FACTS
#undef FACT
	};
	return kind < N_FACT_KINDS ? words[kind] : "?";
}

const char *fact_reason_text(enum fact_reason reason)
{
	switch (reason) {
	case REASON_NONE:
		return "";
	case REASON_AGED:
		return "aged";
	case REASON_PORT_GONE:
		return "port gone";
	case REASON_CONFIG:
		return "no longer in the file";
	case REASON_UNCONFIRMED:
		return "its switch did not confirm it";
	case REASON_PORT_LIMIT:
		return "max_hosts of the port reached";
	case REASON_NETWORK_LIMIT:
		return "max_hosts of the network reached";
	case REASON_REMOVED:
		return "row deleted by another hand";
	case REASON_STANDS:
		return "it stands on a port whose link is up";
	case REASON_QUARANTINE:
		return "its port is in quarantine";
	case REASON_LOOP:
		return "a loop: what is sent there comes back";
	case REASON_FLAPS:
		return "a loop, or one MAC twice: it goes to and fro";
	case REASON_PORT_DOWN:
		return "the port went down";
	case REASON_SILENT:
		return "another host has its address and it is silent";
	case REASON_BOUND:
		return "the port is bound to other addresses";
	case REASON_TAKEN:
		return "another port is bound to it";
	case REASON_STICKY:
		return "the host sticks to another port";
	case REASON_NO_LEASE:
		return "the address is not leased to it";
	case REASON_HIDDEN:
		return "neighbour discovery in fragments, or behind headers that are cut off";
	case REASON_GOES_ON:
		return "it goes on speaking on the LAN";
	case REASON_ADDRESS_LIMIT:
		return "the port has as many addresses of its own as it may have";
	case REASON_ROGUE_DHCP:
		return "a DHCP server at a port that is not trusted";
	case REASON_ROGUE_RA:
		return "a router at a port that is not trusted";
	case REASON_RELEASED:
		return "given back";
	case REASON_EXPIRED:
		return "ended";
	}
	return "?";
}

bool fact_is_move(const struct fact *fact)
{
	return fact->kind == FACT_HOST && !fact->unconfirmed && fact->old_sw != NET_NONE
		&& (fact->old_sw != fact->sw || fact->old_ofport != fact->ofport);
}

static void keep_name(char name[16], const struct view *view, uint32_t sw, uint32_t ofport)
{
	const struct view_port *port = name[0] || sw == NET_NONE ? NULL : view_port(view, sw, ofport);
	if (port)
		memcpy(name, port->name, sizeof port->name);
}

void fact_keep_names(struct fact *fact, const struct view *view)
{
	keep_name(fact->port_name, view, fact->sw, fact->ofport);
	if (fact->old_ofport)
		keep_name(fact->old_port_name, view, fact->old_sw, fact->old_ofport);
}
