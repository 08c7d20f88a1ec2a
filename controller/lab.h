/* SPDX-License-Identifier: Apache-2.0 */
/* lab: the hosts of a topology file on one machine, in network namespaces.
 *
 * Each switch is a namespace with its own ovsdb-server and ovs-vswitchd; each
 * VM is a namespace with eth0 on a port of a switch. weftd runs in a namespace
 * of its own and is reached over a management network, so that the control
 * path can be cut like any other.
 *
 *     NAME-ctl        bridge mgmt, weftd
 *     NAME-SWITCH     mgmt0, br-int with the VM ports; with a vtep also br-phys and vxlan0
 *     NAME-VM         eth0
 *     NAME-lan        bridge lan: what uplinks and physical ports are plugged into
 *     NAME-underlay   bridge underlay: between the vteps
 *     NAME-VTEP       eth0 in the underlay, and a VXLAN device of the kernel for each network
 *
 * Three steps: a plan is made from the file (lab_plan.c, pure), the plan is
 * built by running ip, ovs-vsctl and the like (lab_up.c), and everything a
 * later command or a test needs is in DIR/lab.json (lab_json.c). Taking down
 * reads only that file. */
#ifndef CONTROLLER_LAB_H
#define CONTROLLER_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "topo/arena.h"
#include "topo/diag.h"
#include "topo/net.h"
#include "topo/yaml.h"

enum {
	LAB_MAX_IFNAME = 15,            /* characters of an interface name, IFNAMSIZ - 1 */
	LAB_MAX_SOCKET = 107,           /* characters of a Unix socket's path */
	LAB_LINK_OFPORT = 601,          /* of a switch's first link */
	LAB_BFD_OFPORT = 701,           /* of a switch's first port for BFD */
	LAB_UPLINK_OFPORT = 501,        /* OpenFlow port of a switch's first uplink; VMs count from 1 */
	LAB_VXLAN_OFPORT = 1000,
	LAB_ETH0_INDEX = 100,           /* interface index of eth0 in every VM */
	LAB_ON_LAN = UINT32_MAX,        /* host of a physical machine */
	LAB_ON_UNDERLAY = UINT32_MAX - 1,       /* of a VTEP that is no switch of ours */
};
#define LAB_NET4 "198.18"               /* management: 198.18.0.0/16 (RFC 2544), hosts from .0.1 */
#define LAB_NET6 "fd98::"               /* and fd98::/64 */

#define LAB_DEFAULT_DIR "/run/weft-lab" /* a lab is below it, in a directory of its name */

/* --- the plan ------------------------------------------------------------------ */

/* A network a VM stands in. */
struct lab_stand {
	const char *network;            /* name */
	uint16_t tag;                   /* VLAN id its frames carry, or NET_UNTAGGED */
	const char *dev;                /* "eth0", or "eth0.TAG"; null = the VM cannot speak tagged; "vxVNI" */
	uint32_t vni;                   /* of a VTEP that is no switch of ours; else 0 */
	const char *ip;                 /* IPv4 text without prefix, null = none */
	unsigned prefix;
	const char *ip6;
	unsigned prefix6;
};

struct lab_vm {
	const char *name;
	const char *ns;                 /* namespace */
	uint32_t host;                  /* index, LAB_ON_LAN or LAB_ON_UNDERLAY */
	const char *port;               /* interface on br-int, or on the bridge of the LAN or underlay */
	const char *vtep;               /* of LAB_ON_UNDERLAY; else null */
	unsigned ofport;                /* requested OpenFlow port; 0 when it is on no switch */
	const char *mac;
	unsigned mtu;                   /* bytes */
	struct lab_stand *stands;       /* untagged first, then by tag */
	size_t n_stands;
};

struct lab_network {
	const char *name;
	const char *transport;          /* "local", "vlan" or "vxlan" */
	uint16_t vlan;                  /* on the LAN; 0 = none */
	bool *joined;                   /* per host: its VMs reach those of other joined hosts */
};

/* A port of a switch that is plugged into the LAN. */
struct lab_uplink {
	uint32_t host;
	const char *port;               /* interface on br-int */
	const char *lan_port;           /* interface on the LAN's bridge */
	unsigned ofport;
};

/* A cable between two switches: a veth pair. */
struct lab_link {
	uint32_t hosts[2];
	const char *ports[2];           /* interfaces on br-int */
	unsigned ofports[2];
	uint64_t rate;                  /* bit/s each way, 0 = no limit */
};

/* A network between the hosts that tunnels go through: a bridge. */
struct lab_underlay {
	const char *name;               /* null = the only one */
	const char *bridge;             /* in the underlay's namespace */
	unsigned mtu;                   /* bytes */
	unsigned prefix, prefix6;       /* common prefix length of the vteps, 0 = routes per peer */
	uint64_t rate;                  /* bit/s that a host sends into it, 0 = no limit */
};

/* A host's way into an underlay. */
struct lab_gate {
	size_t underlay;                /* index */
	const char *vtep;
	const char *dev;                /* on the host's bridge for it: "underlay0" */
	const char *bridge;             /* of Open vSwitch, with the vtep: "br-phys" */
	const char *port;               /* other end of dev, on the underlay's bridge */
	unsigned mtu;                   /* bytes */
	uint64_t rate;                  /* bit/s that the host sends there; 0 = as much as it can */
};

/* A tunnel that the file names. */
struct lab_tunnel {
	uint32_t hosts[2];
	size_t underlay;
	const char *ports[2];           /* for BFD; null = none */
	unsigned ofports[2];
	uint32_t key;                   /* VNI of its BFD */
	uint64_t rate;                  /* bit/s each way, 0 = no limit of its own */
};

struct lab_host {
	const char *name;               /* of the switch */
	const char *ns;
	const char *dir;                /* database, sockets, pid files, logs */
	uint64_t dpid;
	const char *mgmt_ip;            /* of mgmt0 */
	const char *mgmt_ip6;
	const char *mgmt_port;          /* other end of mgmt0, on bridge mgmt of the control namespace */
	const char *vtep;               /* null = no underlay */
	const char *tunnel;             /* name of the VXLAN port */
	const char *underlay_port;      /* other end of the underlay, null likewise */
	unsigned underlay_mtu;          /* bytes */
	struct lab_gate *gates;         /* the first one is that of the four above */
	size_t n_gates;
};

struct lab_plan {
	struct arena *arena;            /* holds everything below */
	const char *name;               /* prefix of all namespaces */
	const char *dir;                /* absolute */
	const char *file;               /* absolute */
	bool tls;
	bool passes_tags;               /* a network has `tags: pass`: bridges look at two */
	const char *ctl_ns, *ctl_ip, *ctl_ip6;
	const char *lan_ns;             /* null = no LAN */
	const char *underlay_ns;        /* null = no underlay */
	unsigned underlay_mtu, lan_mtu; /* bytes: of the bridges there; the cables have the LAN's */
	unsigned vtep_prefix;           /* common prefix length of the IPv4 vteps, 0 = routes per peer */
	unsigned vtep_prefix6;          /* the same of the IPv6 vteps */
	struct lab_host *hosts;         /* by name */
	size_t n_hosts;
	struct lab_vm *vms;             /* by name; physical machines too */
	size_t n_vms;
	struct lab_network *networks;   /* by name */
	size_t n_networks;
	struct lab_uplink *uplinks;
	size_t n_uplinks;
	struct lab_link *links;
	size_t n_links;
	struct lab_underlay *underlays; /* the main one first; one at least */
	size_t n_underlays;
	struct lab_tunnel *tunnels;
	size_t n_tunnels;
	unsigned bfd_ms;                /* interval of BFD; 0 = only where the file has ports for it */
	const char **namespaces;        /* all of them */
	size_t n_namespaces;
};

struct lab_naming {
	const char *name, *dir, *file;  /* as in struct lab_plan */
	bool tls;
	unsigned bfd_ms;                /* as in struct lab_plan */
};

/* Null when something cannot be built; the findings say what. x_lab is the
 * value of the file's key `x-lab`, or null. The plan borrows nothing. */
struct lab_plan *lab_plan_new(const struct net *, const struct yaml_node *x_lab,
			      const struct lab_naming *, struct diag *);
void lab_plan_free(struct lab_plan *);
/* Where a VM is plugged in: a host's name, "lan" or "underlay". */
const char *lab_vm_at(const struct lab_plan *, const struct lab_vm *);
/* Both together: reads the file and its x-lab. */
struct lab_plan *lab_plan_load(const struct lab_naming *, struct diag *);

/* lab_address.c: MAC and IP addresses of all VMs, from names alone. */
bool lab_plan_addresses(struct lab_plan *, const struct net *, struct diag *);

/* "ssl:ADDRESS:6653": the controller of every bridge. */
const char *lab_plan_target(const struct lab_plan *);

/* --- running commands ------------------------------------------------------------ */

struct lab_command {
	const char **argv;              /* null-terminated; argv[0] is looked up in PATH */
	const char *input;              /* for its standard input, or null */
	bool may_fail;
	int status;                     /* after: as of waitpid(2) */
	char *out;                      /* after: standard output, owned by the runner's arena */
	char *err;                      /* after: standard error */
};

/* Runs commands and remembers the first thing that went wrong. After an error
 * or a signal nothing more is started. */
struct lab_runner {
	struct arena *arena;            /* borrowed: arguments and outputs */
	unsigned parallel;              /* commands at once, at most 64 */
	int signals;                    /* signalfd of SIGINT and SIGTERM, -1 = none */
	bool failed;
	char *error;                    /* what failed, with its output; in the arena */
};
void lab_runner_init(struct lab_runner *, struct arena *, bool catch_signals);
void lab_runner_uninit(struct lab_runner *);
bool lab_fail(struct lab_runner *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs all of them at once (some at a time) and waits. */
bool lab_run_all(struct lab_runner *, struct lab_command *, size_t n);
/* One command: arguments up to a null. Returns its output, or null. */
char *lab_run(struct lab_runner *, const char *input, ...) __attribute__((sentinel));
/* A vector of arguments for struct lab_command. */
const char **lab_argv(struct arena *, ...) __attribute__((sentinel));
/* Starts a process that stays; its output is appended to log. */
pid_t lab_spawn(struct lab_runner *, const char **argv, const char *log);
/* Waits at most ms for a signal; true when the work shall go on. */
bool lab_pause(struct lab_runner *, int ms);

/* --- building -------------------------------------------------------------------- */

struct lab_options {
	const char *weftd;              /* path of the program; null: none is started */
	const char **weftd_args;        /* more arguments */
	size_t n_weftd_args;
	bool no_wait;                   /* a switch that does not connect is no error */
	bool json;
};

bool lab_namespaces_up(struct lab_runner *, const struct lab_plan *);
/* Waits until the LAN, the underlay and the way to weftd carry frames: a first ARP
 * request that is lost there is not sent again by Open vSwitch. */
bool lab_bridges_open(struct lab_runner *, const struct lab_plan *);
bool lab_hosts_up(struct lab_runner *, const struct lab_plan *);
bool lab_hosts_connected(struct lab_runner *, const struct lab_plan *);
/* The host's way into an underlay, or null. */
const struct lab_gate *lab_gate(const struct lab_host *, size_t underlay);
/* lab_underlay.c: for ovs-vsctl; addresses of vteps; what tunnels carry at most. */
struct args;
void lab_underlay_args(const struct lab_plan *, size_t host, struct args *);
void lab_cable_args(const struct lab_plan *, const struct lab_link *, size_t end, struct args *);
bool lab_underlay_up(struct lab_runner *, const struct lab_plan *);
bool lab_rates_up(struct lab_runner *, const struct lab_plan *);
/* Frames that may wait before a port of that rate; 1000 without one. */
unsigned lab_queue_len(uint64_t rate);
/* lab_vtep.c: the insides of VTEPs that are no switches of ours. */
bool lab_vteps_up(struct lab_runner *, const struct lab_plan *);
/* lab_vlan.c: eth0.TAG for every tagged stand. Where the kernel has no way to
 * make one, dev and addresses of the stand become null. */
bool lab_vlans_up(struct lab_runner *, struct lab_plan *);
bool lab_pki_up(struct lab_runner *, const struct lab_plan *);
bool lab_weftd_up(struct lab_runner *, const struct lab_plan *, const struct lab_options *,
		  pid_t *ret_pid);
bool lab_weftd_answers(const char *socket);

/* The whole; prints, returns the exit code. */
int lab_up(struct lab_plan *, const struct lab_options *);

/* --- the record -------------------------------------------------------------------- */

enum lab_state { LAB_BUILDING, LAB_UP };

/* DIR/lab.json as an object; its shape is described in docs/reference. */
json_t *lab_json(const struct lab_plan *, const struct lab_options *, enum lab_state, pid_t weftd);
bool lab_json_write(struct lab_runner *, const struct lab_plan *, json_t *);
/* Null when there is none; ret_error then says why (static buffer). */
json_t *lab_json_read(const char *dir, const char **ret_error);

/* Take down what the record names. Returns the exit code. */
int lab_down(const char *dir, bool quiet);
/* What of the record is still there; exit code 3 when something is not. */
int lab_status(const char *dir, bool json);
/* Becomes the command, in the namespace of a VM ("vm-a" or "kvm1:vm-a"), of a
 * host, or of "ctl", "lan", "underlay". On a host, ovs-vsctl and the like find
 * that host's switch. */
int lab_exec(const char *dir, const char *what, char **argv);
struct lab_ping_options {
	bool v6, json;
	unsigned seconds;               /* to wait for an answer */
};
/* All pairs of VMs that a network says can reach each other. */
int lab_ping(const char *dir, const struct lab_ping_options *);

/* A recorded process is alive and is still the one that was recorded: its
 * command line mentions the lab's directory. */
bool lab_is_alive(pid_t, const char *dir);
pid_t lab_pid_of(const char *pid_file); /* 0 = none */

#endif
