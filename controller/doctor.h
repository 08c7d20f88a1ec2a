/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: why a switch is not in, or a weftd not well, found out on the spot.
 *
 * A check is a row of the table in doctor_table.c: what it looks at, and a function that
 * judges it from what was gathered. The manual's page is printed from that table. Checks are
 * asked in order; one that cannot be judged, because an earlier one failed, says so. */
#ifndef CONTROLLER_DOCTOR_H
#define CONTROLLER_DOCTOR_H

#include <stdio.h>

#include "controller/join.h"
#include "controller/options.h"
#include "controller/pki_dial.h"

enum doctor_side { DOCTOR_HOST = 1, DOCTOR_WEFTD = 2 };

enum doctor_state {
	DOCTOR_FINE,
	DOCTOR_NOTE,                    /* may be meant; the exit code stays 0 */
	DOCTOR_WRONG,
	DOCTOR_SKIPPED,                 /* cannot be judged */
};

/* What a check needs, else it is skipped. */
enum doctor_need {
	NEEDS_NOTHING = 0,
	NEEDS_OVS = 1,
	NEEDS_BRIDGE = 2,
	NEEDS_SWITCH = 4,               /* the file, with this switch in it */
	NEEDS_CERT = 8,                 /* three files that can be read */
	NEEDS_VTEP = 16,
	NEEDS_DAEMON = 32,              /* ovs-vswitchd, beside the database */
};

struct doctor {
	struct lab_runner *runner;
	struct arena *arena;            /* of the runner: all texts */
	const char *run_dir;            /* weftd's */
	/* asked for, or found out */
	const char *name;               /* of the switch; null = nobody knows */
	const char *bridge_name;
	const char *file;               /* topology; null = not given */
	const char *pki;                /* of weftd; null = as weftd says */
	unsigned sides;                 /* enum doctor_side */
	const char *proc;               /* "/proc" */
	const char *ovs_run_dir;        /* where the pid of ovs-vswitchd is */
	bool clock_is_kept;
	/* gathered on a host */
	const struct net *net;          /* null = no file */
	const struct net_switch *sw;    /* of the net; null = it has none of that name */
	struct vsctl ovs;
	const char *ovs_wrong;          /* null = the database was read */
	const char *version;            /* as ovs-vswitchd says it; null = it does not answer: */
	const char *daemon_wrong;
	json_t *bridge;                 /* borrowed from ovs; null = not there */
	const char *vtep;               /* of the file, else of the tunnel port; null = none */
	struct join_cert cert;
	bool has_cert;                  /* Open vSwitch has files for TLS, and cert was read */
	struct doctor_dial *dials;      /* one for each controller of the bridge */
	size_t n_dials;
	/* gathered at weftd */
	struct options weftd;           /* its command line, or the defaults */
	long weftd_pid;                 /* 0 = it does not run */
	unsigned weftd_uid, weftd_gid;  /* of the user `weft` while it does not run */
};

struct doctor_dial {
	const char *target;
	enum pki_dial_step step;
	struct pki_error why;
	bool is_asked;                  /* else it is no target that one can dial */
};

struct doctor_result {
	enum doctor_state state;
	const char *text;
	const char *cure;               /* one command or sentence; null = none */
};

struct doctor_check {
	const char *name;
	unsigned side;
	unsigned needs;
	const char *looks_at, *cure;    /* for the manual */
	void (*run)(struct doctor *, struct doctor_result *);
};
/* All checks in their order. */
const struct doctor_check *doctor_checks(size_t *ret_n);
void doctor_print_reference(FILE *);

/* Fills in what is not asked for, and gathers. */
void doctor_init(struct doctor *);
void doctor_uninit(struct doctor *);
void doctor_check(struct doctor *, const struct doctor_check *, struct doctor_result *);

/* Verdicts; a state once given is not made better. */
void doctor_say(struct doctor *, struct doctor_result *, enum doctor_state, const char *cure, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The user that a process runs as; false = it does not, or hides that. */
bool doctor_user_of(const struct doctor *, long pid, unsigned *ret_uid, unsigned *ret_gid);
/* The first file or folder on the way to a file that the user may not open; null = none. */
const char *doctor_closed_to(struct doctor *, const char *path, unsigned uid, unsigned gid);

/* The checks: doctor_bridge.c, doctor_cert.c, doctor_connections.c, doctor_reach.c, doctor_underlay.c, doctor_rows.c, doctor_weftd.c. */
#define DOCTOR_CHECKS(X) X(ovs) X(bridge) X(datapath) X(fail_mode) X(protocols) X(dpid) X(restore_wait) X(vlan_limit) X(connections) X(fragments) X(interfaces) \
	X(controller) X(controller_options) X(other_controllers) X(cert_files) X(cert_name) X(cert_chain) X(cert_dates) \
	X(clock) X(reach) X(handshake) X(tunnel_port) X(vtep) X(mtu) X(neighbours) X(rp_filter) X(firewall) \
	X(patch_ports) X(foreign_rows) X(weftd) X(file) X(weftd_pki) X(state_dir) X(listening) X(switches)
#define DOCTOR_DECLARE(NAME) void doctor_##NAME(struct doctor *, struct doctor_result *);
DOCTOR_CHECKS(DOCTOR_DECLARE)

#endif
