/* SPDX-License-Identifier: Apache-2.0 */
/* join: how a bridge becomes a switch of weft's, and is given back.
 *
 * From what is wanted and what Open vSwitch has, one transaction of ovs-vsctl is made, and
 * words of what it changes. What is as wanted is not in it: the second time it is empty.
 * What would take something away from somebody (another controller, another certificate,
 * rows) is an error unless `replace` says so. Nothing is run here. */
#ifndef CONTROLLER_JOIN_H
#define CONTROLLER_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/lab_args.h"
#include "controller/pki.h"
#include "controller/vsctl.h"
#include "topo/net.h"

enum { JOIN_BACKOFF_MS = 1000, JOIN_PROBE_MS = 5000, JOIN_BFD_MS = 100 };
#define JOIN_BRIDGE "br-int"
#define JOIN_PKI "/etc/openvswitch"

enum join_file { JOIN_KEY, JOIN_CERT, JOIN_CA, N_JOIN_FILES };

struct join_wish {
	const char *name;               /* of the switch */
	const char *bridge;
	const char **targets;           /* "ssl:192.0.2.10:6653"; none = those it has */
	size_t n_targets;
	const char *datapath;           /* "netdev", "system"; null = as it is */
	bool has_dpid;
	uint64_t dpid;
	const char *vtep;               /* null = no tunnels here */
	const struct net *net;          /* the topology file; null = not given */
	const char *files[N_JOIN_FILES];        /* for TLS; null = as it is */
	size_t n_rows;                  /* on the bridge, beside the one that every bridge begins with */
	bool replace;
};

struct join_plan {
	struct args commands;           /* of ovs-vsctl; n = 0: nothing to change */
	struct args changes;            /* a line each, as are all below */
	struct args warnings;
	struct args errors;             /* with one, the commands must not be run */
};

/* With a file the wish gets dpid and vtep from it; an error when it has others, or the file
 * has no such switch. */
void join_from_file(struct join_wish *, struct join_plan *);
void join_plan(struct arena *, const struct vsctl *, const struct join_wish *, struct join_plan *);
void join_plan_init(struct join_plan *, struct arena *);
/* join_tunnel.c: the VXLAN port and those for BFD. */
void join_tunnels(const struct vsctl *, const struct join_wish *, struct join_plan *);
uint32_t join_bfd_key(const struct net *, const char *tunnel);

/* join_cert.c: what a host's three files are. */
struct join_cert {
	struct arena *arena;            /* borrowed: texts, names of files, sentences */
	const char *files[N_JOIN_FILES];
	const char *texts[N_JOIN_FILES];        /* null = cannot be read */
	const char *unread;             /* the first that cannot be, and why; null = all are */
	bool is_read;                   /* the certificate is one: */
	struct pki_info info;
	struct pki_error why;           /* else */
};
void join_cert_read(struct arena *, const char *const files[N_JOIN_FILES], struct join_cert *);
void join_cert_uninit(struct join_cert *);
/* Null, or a sentence. */
const char *join_cert_bad_name(const struct join_cert *, const char *name);
const char *join_cert_bad_chain(const struct join_cert *);
const char *join_cert_bad_dates(const struct join_cert *, time_t now);
/* The certificate of that name in the folder; folder null = the one that Open vSwitch has if
 * it has that name, else in JOIN_PKI. Null, or what is wrong and what to do. */
const char *join_certificate(struct arena *, const struct vsctl *, const char *name, const char *folder,
			     const char *ret_files[N_JOIN_FILES]);

/* What gives the bridge back. */
void join_leave(struct arena *, const struct vsctl *, const char *bridge, struct join_plan *);

/* "192.0.2.10" and "ssl:192.0.2.10" as a target of Open vSwitch; null = it is none. */
const char *join_target(struct arena *, const char *text);
/* Address and port of a target; false = it waits for others itself (ptcp:, pssl:, punix:). */
bool join_target_parts(const char *target, char ret_address[64], char ret_port[8], bool *ret_is_tls);
/* Rows of a dump that are neither weft's nor the one that every bridge begins with. */
size_t join_count_rows(const char *dump);

#endif
