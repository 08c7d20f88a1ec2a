/* SPDX-License-Identifier: Apache-2.0 */
/* The section `underlays`: the networks between the hosts that tunnels go through,
 * like two NICs or two providers; and the VTEPs that a switch has in them.
 *
 * One of them is the main one. A switch has its `vtep` there, and what needs no
 * choice goes there: floods, and frames that nobody steers. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

static const struct section_key keys[] = {
	{
		.name = "rate",
		.type = &section_rate,
		.offset = offsetof(struct net_underlay, rate),
		.otherwise = "not said",
		.help = "How much a host can send into it, and as much take from it: its NIC there. All its tunnels in it share "
			"that. `rate` of an address in `vteps` is for one host.",
	}, {
		.name = "mtu",
		.type = &section_uint,
		.offset = offsetof(struct net_underlay, mtu),
		.min = MODEL_MIN_UNDERLAY_MTU,
		.max = MODEL_MAX_MTU,
		.otherwise = "`underlay_mtu` of the file",
		.help = "The largest IP packet that it carries, in bytes. Traffic may be steered over each of them, so guests "
			"have what fits into the narrowest.",
	}, {
		.name = "main",
		.type = &section_bool,
		.offset = offsetof(struct net_underlay, main),
		.initial = "false",
		.help = "`true`: floods, and frames that are not steered, go here. One underlay can be it. Without one it is "
			"the first by name.",
	}, {
		.name = "description",
		.type = &section_text,
		.offset = offsetof(struct net_underlay, description),
		.otherwise = "none",
		.help = "A text for people.",
	},
};

const struct section underlays_section = {
	.name = "underlay",
	.help = "A network between the hosts that tunnels go through. Two switches with a VTEP in it each have a tunnel "
		"there, beside those in other underlays.",
	.example = "underlays:\n"
		   "  red: {rate: 10Gbit, mtu: 1600, main: true}\n"
		   "  blue: {rate: 1Gbit}\n",
	.size = sizeof(struct net_underlay),
	.name_offset = offsetof(struct net_underlay, name),
	.where_offset = offsetof(struct net_underlay, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
};

static const struct section_key address_keys[] = {
	{
		.name = "address",
		.type = &section_address,
		.offset = offsetof(struct net_vtep_at, text),
		.is_required = true,
		.help = "The host's address in that underlay.",
	}, {
		.name = "rate",
		.type = &section_rate,
		.offset = offsetof(struct net_vtep_at, rate),
		.otherwise = "`rate` of the underlay",
		.help = "How much this host's NIC there carries, each way. All its tunnels there share it.",
	},
};

const struct section addresses_section = {
	.name = "address",
	.help = "One VTEP of a switch: its address, or a map.",
	.example = "vteps: {red: 10.0.0.11, blue: 10.1.0.11}\n",
	.size = sizeof(struct net_vtep_at),
	.name_offset = offsetof(struct net_vtep_at, underlay_name),
	.where_offset = offsetof(struct net_vtep_at, where),
	.keys = address_keys,
	.n_keys = sizeof address_keys / sizeof *address_keys,
	.short_key = "address",
};

/* --- the model --------------------------------------------------------------------- */

static int by_rank(const void *a_, const void *b_)
{
	const struct net_underlay *a = a_, *b = b_;

	return a->main != b->main ? b->main - a->main : strcmp(a->name, b->name);
}

static void find_main(struct net *net, struct diag *diag)
{
	const struct net_underlay *main = NULL;

	for (size_t i = 0; i < net->n_underlays; i++) {
		struct net_underlay *underlay = &net->underlays[i];

		if (underlay->main && main)
			diag_add(diag, underlay->where, DIAG_UNDERLAY,
				 "underlays \"%s\" and \"%s\" (line %u) are both the main one; keep one `main: true`",
				 underlay->name, main->name, main->where.line);
		if (underlay->main)
			main = underlay;
		if (!underlay->mtu)
			underlay->mtu = net->underlay_mtu;
	}
	qsort(net->underlays, net->n_underlays, sizeof *net->underlays, by_rank);
	net->underlays[0].main = true;
}

uint32_t underlay_by_name(const struct net *net, const char *name)
{
	for (uint32_t i = 0; i < net->n_underlays; i++)
		if (!strcmp(net->underlays[i].name, name))
			return i;
	return NET_NONE;
}

void underlay_report_unknown(const struct net *net, struct where where, const char *who, const char *name,
			     struct diag *diag)
{
	const char **names = arena_new_array(net->arena, const char *, net->n_underlays);

	for (size_t i = 0; i < net->n_underlays; i++)
		names[i] = net->underlays[i].name;
	const char *meant = diag_did_you_mean(name, names, net->n_underlays);
	diag_add(diag, where, DIAG_UNDERLAY,
		 meant ? "%s: there is no underlay \"%s\"; did you mean \"%s\"?"
		       : "%s: there is no underlay \"%s\"; declare it under \"underlays\"", who, name, meant);
}

static int by_underlay(const void *a_, const void *b_)
{
	const struct net_vtep_at *a = a_, *b = b_;

	return a->underlay < b->underlay ? -1 : a->underlay > b->underlay;
}

/* `vtep` is the address in the main one. */
static void expand(struct net *net, struct net_switch *sw)
{
	sw->vteps = arena_new_array(net->arena, struct net_vtep_at, 1);
	sw->n_vteps = 1;
	sw->vteps[0] = (struct net_vtep_at) {
		.underlay_name = net->n_underlays ? net->underlays[0].name : NULL,
		.underlay = net->n_underlays ? 0 : NET_NONE,
		.text = sw->vtep,
		.where = sw->where,
	};
}

static void settle_switch(struct net *net, struct net_switch *sw, struct diag *diag)
{
	const char *who = arena_printf(net->arena, "switch \"%s\"", sw->name);
	size_t n = 0;

	for (size_t i = 0; i < sw->n_vteps; i++) {
		struct net_vtep_at *at = &sw->vteps[i];

		at->underlay = underlay_by_name(net, at->underlay_name);
		if (at->underlay == NET_NONE)
			underlay_report_unknown(net, at->where, who, at->underlay_name, diag);
		else if (at->text)
			sw->vteps[n++] = *at;
	}
	sw->n_vteps = n;
	if (!n)
		return;
	qsort(sw->vteps, n, sizeof *sw->vteps, by_underlay);
	if (sw->vteps[0].underlay)
		diag_add(diag, sw->vteps[0].where, DIAG_UNDERLAY,
			 "switch \"%s\" has no address in underlay \"%s\", the main one, where floods go; add one, or give "
			 "`main: true` to an underlay that all switches are in", sw->name, net->underlays[0].name);
	sw->vtep = sw->vteps[0].text;
}

void underlays_settle(struct net *net, struct diag *diag)
{
	if (net->n_underlays)
		find_main(net, diag);
	for (size_t i = 0; i < net->n_switches; i++) {
		struct net_switch *sw = &net->switches[i];

		if (sw->n_vteps)
			settle_switch(net, sw, diag);
		else if (sw->vtep)
			expand(net, sw);
	}
}
