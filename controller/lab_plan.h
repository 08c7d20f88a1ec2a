/* SPDX-License-Identifier: Apache-2.0 */
/* What the file's `x-lab` asks for, between lab_wish.c that reads it and
 * lab_plan.c that uses it.
 *
 *     x-lab:
 *       switches: [kvm1, kvm2]          more hosts than the file's switches (or all of them)
 *       vms:
 *         vm-x: {port: "kvm1:office-1", ip: 10.0.0.7/24, ip6: none, mac: "02:..", tag: 30}
 *       machines:                       plugged into the LAN
 *         printer: {network: office, vlan: 20, ip: .., ip6: .., mac: ..}
 */
#ifndef CONTROLLER_LAB_PLAN_H
#define CONTROLLER_LAB_PLAN_H

#include "controller/lab.h"

struct lab_wish {
	const char *name;               /* of the VM or machine */
	const char *sw, *port;          /* VM; null for a machine */
	const char *network;            /* machine */
	const char *ip, *ip6;           /* null = choose, "" = none */
	unsigned prefix, prefix6;       /* 0 = choose */
	const char *mac;                /* null = choose */
	bool has_tag;
	uint16_t tag;                   /* VM: only this one; machine: its vlan */
	struct where where;
};

struct lab_wishes {
	const char **switches;
	struct where *switch_wheres;
	size_t n_switches;
	struct lab_wish *vms, *machines;
	size_t n_vms, n_machines;
};

/* Everything goes into the arena. x_lab may be null. Findings go to diag. */
void lab_wishes_read(struct arena *, const struct yaml_node *x_lab, struct lab_wishes *,
		     struct diag *);

/* What a plan is made from and into. */
struct making {
	struct lab_plan *plan;
	const struct net *net;
	const struct lab_wishes *wishes;
	struct diag *diag;
	size_t room_vms;                /* allocated */
};
void lab_plan_vms(struct making *);
/* lab_mtu.c: after the VMs. */
void lab_plan_mtus(struct making *);
/* lab_plan_underlay.c: after the MTUs. */
void lab_plan_underlays(struct making *);
/* A name that an interface beside the lab's own can have; else a finding. */
bool lab_ifname_ok(struct making *, struct where, const char *name);
/* The VLAN id of a network on the LAN, 0 = none. */
uint16_t lab_lan_vlan(const struct net_network *);
uint32_t lab_host_by_name(const struct lab_plan *, const char *name);    /* NET_NONE = none */

#endif
