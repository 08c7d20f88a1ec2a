/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the view, shared by its files and nobody else. */
#ifndef TOPO_VIEW_PRIVATE_H
#define TOPO_VIEW_PRIVATE_H

#include "topo/binding.h"
#include "topo/host.h"
#include "topo/lease.h"
#include "topo/view.h"

struct view {
	const struct net *net;          /* borrowed; null before the first bind */
	struct view_switch **switches;  /* owned, by slot */
	size_t n_switches, max_switches;
	uint32_t *slots;                /* owned: slot of each switch of the net, NET_NONE = none yet */
	struct view_network *networks;  /* owned, as many as in the net */
	size_t n_networks;
	uint32_t *ids;                  /* owned: open addressing, network id -> index; NET_NONE = empty */
	uint32_t ids_mask;
	struct host_table hosts;
	struct binding_table bindings;
	struct lease_table leases;
	uint32_t soonest_s;             /* no lease ends before; UINT32_MAX = none ends */
	struct closure *closures;       /* owned */
	size_t n_closures, max_closures;
	size_t n_disputes;              /* bindings that are not good */
	struct net_use *scratch;        /* owned: NET_MAX_USES, for net_uses() */
	uint32_t *changed;              /* owned: see view_changed() */
	size_t n_changed, max_changed;
	struct view_link *links;        /* owned, as many as the net has edges */
	struct ways *ways;              /* owned, may be null */
	struct steer *steer;            /* likewise */
	bool settled;                   /* nobody is waited for any more, see view_settle */
	struct view_flap flaps[VIEW_FLAPS];
	uint64_t flapped_ms;            /* when one of them last did; 0 = never */
	/* Networks that earlier files had, for what happened there; owned. The next one takes the place
	 * n_gone % VIEW_GONE_NETWORKS. */
	struct gone_network { uint32_t id; char *name; } *gone_networks;
	size_t n_gone;
};

/* Who hears of hosts that go, and when that is. */
struct gone {
	view_fact_cb *cb;               /* or null */
	void *ctx;
	uint64_t now_ms;
};

/* view.c */
void view_describe_switch(struct view *, struct view_switch *);         /* what the file says of it */
struct view_port *view_port_mutable(struct view *, uint32_t sw, uint32_t ofport);
struct view_use *view_use_mutable(struct view *, uint32_t sw, uint32_t ofport, uint32_t network_id);

/* view_names.c: of networks that the next file has no more. */
void view_keep_names(struct view *, const struct net *next);
void view_names_free(struct view *);

/* view_network.c: counts, members and their lists. */
void view_networks_make(struct view *, const struct net *);     /* carries counters over; no members */
void view_networks_free(struct view_network *, size_t n);
struct view_network *view_network_mutable(struct view *, uint32_t id);
void view_join(struct view *, uint32_t sw, uint32_t ofport, const struct view_use *);
void view_leave(struct view *, uint32_t sw, uint32_t ofport, const struct view_use *);
/* A member because frames pass there, and no longer. */
void view_carry(struct view *, struct view_network *, uint32_t sw, bool transit);
/* A member by the memory of others, and no longer; true when that is news. */
bool view_remember(struct view *, struct view_network *, uint32_t sw);
bool view_unremember(struct view *, struct view_network *, uint32_t sw);
/* Puts host i where its fields say, or takes it out: lists and counts. */
void view_place(struct view *, uint32_t i);
void view_unplace(struct view *, uint32_t i);
/* Takes host i out of the table and tells; evict: out of its place first. */
void view_drop(struct view *, uint32_t i, enum fact_reason, const struct gone *);
void view_evict(struct view *, uint32_t i, enum fact_reason, const struct gone *);

/* view_link.c */
bool view_needs_ways_of(const struct net *);
void view_carry_all(struct view *);     /* the members that view.ways makes */
void view_links_make(struct view *, const struct net *);        /* what was known is kept by name */
/* The port went down, or is not live: the end of a cable, a tunnel port, or one that runs BFD for a tunnel. */
void view_link_lost(struct view *, const struct view_switch *, const struct view_port *, uint64_t now_ms);
bool view_link_end_is_up(const struct view *, uint32_t link, unsigned end);
void view_edges_lost(struct view *, const struct view_switch *, const struct view_port *, uint64_t now_ms);
bool view_link_heard(struct view *, struct fact *);

/* view_probe.c. By index into the net's edges; the end is the one that the probe left by. */
void view_link_fail(struct view *, uint32_t i, uint64_t now_ms);
bool view_probe_heard(struct view *, uint32_t i, unsigned end, struct fact *);
bool view_probe_sent(struct view *, const struct fact *);
bool view_probe_lost(struct view *, const struct fact *);
bool view_probe_answered(struct view *, const struct fact *);

/* gateway.c */
void view_gateways_make(const struct view *, struct view_network *,
			const struct net_network *, const struct view_network *old);
bool view_gateway_apply(struct view *, const struct fact *, const struct gone *);
/* Before the host goes there. */
void view_note_lan(const struct view *, struct host *, const struct view_use *to, uint32_t sw, uint32_t ofport);
bool view_gateway_ready(struct view *, uint32_t sw);     /* it knows; true when somebody was suspect */

/* view_loop.c */
void view_flap_note(struct view *, uint32_t network_id, const uint8_t mac[6], struct view_place from,
		    struct view_place to, uint64_t now_ms);
/* The same of a host that stands where it is. */
void view_flap_note_refused(struct view *, uint32_t network_id, const uint8_t mac[6], struct view_place stands,
			    struct view_place heard, uint64_t now_ms);
void view_flap_forget(struct view *, uint32_t network_id, const uint8_t mac[6]);
bool view_quarantine_apply(struct view *, struct fact *, const struct gone *);
void view_quarantine_port_down(struct view *, uint32_t sw, const struct view_port *, const struct gone *);

/* view_storm.c */
bool view_storm_apply(struct view *, struct fact *);

/* view_apply.c */
bool view_may_stand(const struct view *, const struct view_use *, const uint8_t mac[6]);       /* no port is bound otherwise */
bool view_host_apply(struct view *, struct fact *);

/* view_address.c */
bool view_apply_address(struct view *, struct fact *);
bool view_apply_address_gone(struct view *, struct fact *);
bool view_apply_dispute(struct view *, struct fact *);
/* The host is about to go: its addresses do, and what it disputed is settled. */
void view_forget_addresses(struct view *, const struct host *, enum fact_reason, const struct gone *);
void view_settle_addresses(struct view *, const struct gone *);         /* forgets unconfirmed ones */
void view_bind_addresses(struct view *);                                /* the file has been taken over */

/* view_guard.c */
bool view_apply_violation(struct view *, const struct fact *);
bool view_apply_lease(struct view *, struct fact *);
bool view_apply_lease_gone(struct view *, struct fact *);
bool view_apply_shut(struct view *, struct fact *);
bool view_apply_open(struct view *, const struct fact *);
void view_leases_follow(struct view *, struct fact *);             /* after a HOST */
void view_guards_leave(struct view *, uint32_t sw, uint32_t ofport);    /* the port goes */
void view_guards_bind(struct view *);                                  /* the file has been taken over */

/* view_port.c */
bool view_port_set(struct view *, struct fact *, const struct gone *);
bool view_port_remove(struct view *, uint32_t sw, uint32_t ofport, const struct gone *);
/* Forgets all hosts of one use. */
void view_evict_use(struct view *, uint32_t sw, uint32_t ofport, const struct view_use *, enum fact_reason,
		    const struct gone *);
/* Asks the file where the port stands, and joins those networks. What it stood
 * in before is forgotten, not left: networks were made anew, or it is new. */
void view_port_bind(struct view *, struct view_switch *, struct view_port *);

#endif
