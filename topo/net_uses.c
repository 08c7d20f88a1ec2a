/* SPDX-License-Identifier: Apache-2.0 */
/* Where a real port stands: the entries of the file that mean it.
 *
 * net_uses is asked for every port of every switch at each reload, so entries
 * hang in chains under a hash of what they have literally: exact ones under
 * "switch:port", globs under "switch:" or ":" (when the switch is a glob) and
 * the letters before the first wildcard of the port. A port of 15 letters asks
 * for 33 chains at most, each in order of network, and merges them. A hash that
 * two texts share costs a comparison, no more. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"
#include "topo/net_index.h"

enum {
	MAX_LETTERS = 15,               /* of a prefix that is hashed */
	MAX_CHAINS = 1 + 2 * (MAX_LETTERS + 1),
};

/* In the order in which they win: what is a link, or a port to the LAN, is nothing else. */
enum ref_kind { REF_LINK, REF_BFD, REF_UPLINK, REF_PHYSICAL, REF_PORT };

struct ref {
	uint64_t key;                   /* hash of what is literal */
	uint32_t network;               /* NET_NONE: an end of a link */
	uint32_t port;                  /* of the list that the kind names; link: twice its index, plus the end */
	enum ref_kind kind;
};

struct chain {
	const struct ref *at, *end;
};

struct net_refs {
	struct ref *items;              /* by key, network, port */
	size_t n;
	uint32_t *slots;                /* open hash table: 1 + first ref of a key, 0 = free */
	size_t n_slots;                 /* a power of two */
};

static uint64_t key_of(const char *sw, size_t sw_len, const char *port, size_t port_len)
{
	char text[SCALAR_MAX_NAME + SCALAR_MAX_PORT + 2];

	memcpy(text, sw, sw_len);
	text[sw_len] = ':';
	memcpy(text + sw_len + 1, port, port_len);
	return net_hash(text, sw_len + 1 + port_len);
}

/* An exact entry and a glob may share a key; both are compared when found. */
static uint64_t key_of_entry(const struct net_port *entry)
{
	size_t sw_len = strcspn(entry->switch_glob, "*?");
	size_t port_len = strcspn(entry->port_glob, "*?");

	if (!entry->is_glob)
		return key_of(entry->switch_glob, sw_len, entry->port_glob, port_len);
	if (entry->switch_glob[sw_len])
		sw_len = 0;
	if (port_len > MAX_LETTERS)
		port_len = MAX_LETTERS;
	return key_of(entry->switch_glob, sw_len, entry->port_glob, port_len);
}

static uint64_t key_of_uplink(const struct net_uplink *uplink)
{
	return key_of(uplink->switch_name, strlen(uplink->switch_name), uplink->port, strlen(uplink->port));
}

static int by_key(const void *a_, const void *b_)
{
	const struct ref *a = a_, *b = b_;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->port < b->port ? -1 : a->port > b->port;
}

const struct net_refs *net_refs_build(const struct net *net)
{
	struct net_refs *refs = arena_alloc(net->arena, sizeof *refs);
	size_t n = 2 * net->n_links + 2 * net->n_tunnels;

	for (size_t i = 0; i < net->n_networks; i++)
		n += net->networks[i].n_ports + net->networks[i].n_uplinks + net->networks[i].physical.n_ports;
	refs->items = arena_new_array(net->arena, struct ref, n);
	for (uint32_t i = 0; i < 2 * net->n_links; i++)
		refs->items[refs->n++] =
			(struct ref) {key_of_uplink(&net->links[i / 2].ends[i & 1]), NET_NONE, i, REF_LINK};
	for (uint32_t i = 0; i < 2 * net->n_tunnels; i++)
		if (net->tunnels[i / 2].bfd[i & 1].port)
			refs->items[refs->n++] =
				(struct ref) {key_of_uplink(&net->tunnels[i / 2].bfd[i & 1]), NET_NONE, i, REF_BFD};
	for (uint32_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];

		for (uint32_t k = 0; k < network->n_ports; k++)
			refs->items[refs->n++] =
				(struct ref) {key_of_entry(&network->ports[k]), i, k, REF_PORT};
		for (uint32_t k = 0; k < network->n_uplinks; k++)
			refs->items[refs->n++] =
				(struct ref) {key_of_uplink(&network->uplinks[k]), i, k, REF_UPLINK};
		for (uint32_t k = 0; k < network->physical.n_ports; k++)
			refs->items[refs->n++] =
				(struct ref) {key_of_uplink(&network->physical.ports[k]), i, k, REF_PHYSICAL};
	}
	n = refs->n;
	qsort(refs->items, n, sizeof *refs->items, by_key);
	for (refs->n_slots = 4; refs->n_slots < 2 * n;)
		refs->n_slots *= 2;
	refs->slots = arena_new_array(net->arena, uint32_t, refs->n_slots);
	for (size_t i = 0; i < n; i++) {
		uint64_t key = refs->items[i].key;
		size_t slot = key & (refs->n_slots - 1);

		if (i && refs->items[i - 1].key == key)
			continue;
		while (refs->slots[slot])
			slot = (slot + 1) & (refs->n_slots - 1);
		refs->slots[slot] = (uint32_t) i + 1;
	}
	return refs;
}

static struct chain find_chain(const struct net_refs *refs, uint64_t key)
{
	const struct ref *end = refs->items + refs->n;

	for (size_t slot = key & (refs->n_slots - 1); refs->slots[slot];
	     slot = (slot + 1) & (refs->n_slots - 1)) {
		const struct ref *first = &refs->items[refs->slots[slot] - 1], *last = first;

		if (first->key != key)
			continue;
		while (last < end && last->key == key)
			last++;
		return (struct chain) {first, last};
	}
	return (struct chain) {NULL, NULL};
}

/* The port to another switch or to the LAN that the ref is, or null. */
static const struct net_uplink *uplink_of(const struct net *net, const struct ref *ref)
{
	switch (ref->kind) {
	case REF_LINK:
		return &net->links[ref->port / 2].ends[ref->port & 1];
	case REF_BFD:
		return &net->tunnels[ref->port / 2].bfd[ref->port & 1];
	case REF_UPLINK:
		return &net->networks[ref->network].uplinks[ref->port];
	case REF_PHYSICAL:
		return &net->networks[ref->network].physical.ports[ref->port];
	case REF_PORT:
		break;
	}
	return NULL;
}

static bool matches(const struct net *net, const struct ref *ref, const char *sw, const char *port)
{
	const struct net_uplink *uplink = uplink_of(net, ref);

	if (uplink)
		return !strcmp(uplink->port, port) && !strcmp(uplink->switch_name, sw);
	const struct net_port *entry = &net->networks[ref->network].ports[ref->port];
	if (!entry->is_glob)
		return !strcmp(entry->port_glob, port) && !strcmp(entry->switch_glob, sw);
	return net_glob(entry->port_glob, port) && net_glob(entry->switch_glob, sw);
}

static bool is_glob(const struct net *net, const struct ref *ref)
{
	return ref->kind == REF_PORT && net->networks[ref->network].ports[ref->port].is_glob;
}

/* Advances to the next ref of the chain that matches. */
static void settle(const struct net *net, struct chain *chain, const char *sw, const char *port)
{
	while (chain->at < chain->end && !matches(net, chain->at, sw, port))
		chain->at++;
}

/* Of two refs of one network: uplink, exact, then place in the file. */
static bool is_better(const struct net *net, const struct ref *a, const struct ref *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (is_glob(net, a) != is_glob(net, b))
		return is_glob(net, b);
	return a->port < b->port;
}

/* The best ref of the lowest network, and all chains moved behind it. */
static const struct ref *next_ref(const struct net *net, struct chain *chains, size_t *n_chains,
				  const char *sw, const char *port)
{
	const struct ref *best = NULL;

	for (size_t i = 0; i < *n_chains;) {
		const struct ref *ref = chains[i].at;

		if (ref == chains[i].end) {
			chains[i] = chains[--*n_chains];
			continue;
		}
		if (!best || ref->network < best->network
		    || (ref->network == best->network && is_better(net, ref, best)))
			best = ref;
		i++;
	}
	for (size_t i = 0; best && i < *n_chains; i++) {
		while (chains[i].at < chains[i].end && chains[i].at->network == best->network) {
			if (is_better(net, chains[i].at, best))
				best = chains[i].at;
			chains[i].at++;
			settle(net, &chains[i], sw, port);
		}
	}
	return best;
}

static size_t open_chains(const struct net *net, const char *sw, const char *port, bool with_globs,
			  struct chain *chains)
{
	size_t sw_len = strlen(sw), port_len = strlen(port), n = 0;

	if (sw_len > SCALAR_MAX_NAME || port_len > SCALAR_MAX_PORT)
		return 0;
	chains[n++] = find_chain(net->index->refs, key_of(sw, sw_len, port, port_len));
	for (size_t letters = 0; with_globs && letters <= port_len && letters <= MAX_LETTERS;
	     letters++) {
		/* A whole short name is the exact key, and that chain is open. */
		if (letters < port_len)
			chains[n++] = find_chain(net->index->refs, key_of(sw, sw_len, port, letters));
		chains[n++] = find_chain(net->index->refs, key_of(sw, 0, port, letters));
	}
	for (size_t i = 0; i < n; i++)
		settle(net, &chains[i], sw, port);
	return n;
}

static bool is_any_uplink(const struct net *net, struct chain chain, const char *sw,
			  const char *port)
{
	for (; chain.at < chain.end; chain.at++)
		if (chain.at->kind != REF_PORT && matches(net, chain.at, sw, port))
			return true;
	return false;
}

static bool is_entry(const struct net_use *use) { return !use->is_uplink && !use->is_physical; }

static uint16_t tag_of(const struct net_network *network, const struct ref *ref)
{
	switch (ref->kind) {
	case REF_LINK:
	case REF_BFD:
		break;
	case REF_UPLINK:
		return network->uplinks[ref->port].vlan;
	case REF_PHYSICAL:
		return network->physical.ports[ref->port].vlan;
	case REF_PORT:
		return network->ports[ref->port].tag;
	}
	return NET_UNTAGGED;
}

/* What comes in with the tag of the one may be meant for the other. */
static bool clash(const struct net *net, const struct net_use *a, const struct net_use *b)
{
	if (a->tag == b->tag)
		return true;
	return (a->tag == NET_UNTAGGED && net->networks[a->network].tags == NET_TAGS_PASS)
	       || (b->tag == NET_UNTAGGED && net->networks[b->network].tags == NET_TAGS_PASS);
}

/* One tag, one network: the exact entry, else the first name. */
static void mark_conflicts(const struct net *net, struct net_use *uses, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < i && !uses[i].conflict; k++) {
			const struct net_port *ports = net->networks[uses[k].network].ports;

			if (uses[k].conflict || !clash(net, &uses[k], &uses[i]))
				continue;
			bool is_weaker = is_entry(&uses[k]) && ports[uses[k].port].is_glob;
			bool is_glob_too = is_entry(&uses[i])
					   && net->networks[uses[i].network].ports[uses[i].port].is_glob;
			uses[is_weaker && !is_glob_too ? k : i].conflict = true;
		}
	}
}

size_t net_uses(const struct net *net, const char *switch_name, const char *port_name,
		bool is_local, struct net_use *uses, size_t max, bool *ret_disabled)
{
	struct chain chains[MAX_CHAINS];
	size_t sw_len = strlen(switch_name), port_len = strlen(port_name), n = 0;
	bool disabled = false, with_globs = !is_local && !net_is_tunnel(net, switch_name, port_name);

	if (with_globs && sw_len <= SCALAR_MAX_NAME && port_len <= SCALAR_MAX_PORT)
		with_globs = !is_any_uplink(net, find_chain(net->index->refs, key_of(switch_name, sw_len,
									       port_name, port_len)),
					    switch_name, port_name);
	*ret_disabled = false;
	if (net_mirror_of(net, switch_name, port_name))
		return 0;
	size_t n_chains = open_chains(net, switch_name, port_name, with_globs, chains);
	for (;;) {
		const struct ref *ref = next_ref(net, chains, &n_chains, switch_name, port_name);

		if (!ref || ref->kind == REF_LINK || ref->kind == REF_BFD)
			break;
		const struct net_network *network = &net->networks[ref->network];
		if (!with_globs && is_glob(net, ref))
			continue;
		if (ref->kind == REF_PORT && !network->ports[ref->port].enable)
			disabled = true;
		if (n < max)
			uses[n] = (struct net_use) {
				.network = ref->network,
				.port = ref->port,
				.tag = tag_of(network, ref),
				.is_uplink = ref->kind == REF_UPLINK,
				.is_physical = ref->kind == REF_PHYSICAL,
			};
		n++;
	}
	mark_conflicts(net, uses, n < max ? n : max);
	*ret_disabled = disabled;
	return n;
}

uint32_t net_use_line(const struct net *net, const struct net_use *use)
{
	const struct net_network *network = &net->networks[use->network];

	if (use->is_uplink)
		return network->uplinks[use->port].where.line;
	if (use->is_physical)
		return network->physical.ports[use->port].where.line;
	return network->ports[use->port].where.line;
}

/* The index and end of what is known to the other side too: a link, or a BFD port. */
static uint32_t shared_ref(const struct net *net, const char *switch_name, const char *port_name, enum ref_kind kind,
			   unsigned *ret_end)
{
	size_t sw_len = strlen(switch_name), port_len = strlen(port_name);

	if (sw_len > SCALAR_MAX_NAME || port_len > SCALAR_MAX_PORT)
		return NET_NONE;
	struct chain chain = find_chain(net->index->refs, key_of(switch_name, sw_len, port_name, port_len));
	for (; chain.at < chain.end; chain.at++) {
		if (chain.at->kind != kind || !matches(net, chain.at, switch_name, port_name))
			continue;
		*ret_end = chain.at->port & 1;
		return chain.at->port / 2;
	}
	return NET_NONE;
}

uint32_t net_link_of(const struct net *net, const char *switch_name, const char *port_name, unsigned *ret_end)
{
	return net->n_links ? shared_ref(net, switch_name, port_name, REF_LINK, ret_end) : NET_NONE;
}

uint32_t net_bfd_of(const struct net *net, const char *switch_name, const char *port_name, unsigned *ret_end)
{
	uint32_t i = net->n_tunnels ? shared_ref(net, switch_name, port_name, REF_BFD, ret_end) : NET_NONE;

	/* Tunnels are the edges behind the links. */
	return i == NET_NONE ? NET_NONE : (uint32_t) net->n_links + i;
}
