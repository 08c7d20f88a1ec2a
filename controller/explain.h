/* SPDX-License-Identifier: Apache-2.0 */
/* explain: can A reach B, and if not, who says so.
 *
 * Two parts. What the file and the view say: is there such a host, is its port up,
 * its switch connected, do both stand in one network. And what the rows say: made-up
 * frames walk through the rows that the switches have (ofproto/walk.h), over tunnels
 * and links, and back. Reads, never moves anything; knows no socket.
 *
 * An answer stands by itself: it borrows nothing from the net or the view. */
#ifndef CONTROLLER_EXPLAIN_H
#define CONTROLLER_EXPLAIN_H

#include "controller/core.h"

enum {
	EXPLAIN_MAX_CAUSES = 16,
	EXPLAIN_MAX_STEPS = 400,        /* of one frame's way */
	EXPLAIN_MAX_FRAME = 160,        /* bytes; what a larger packet lacks is only said */
	EXPLAIN_MAX_TRACES = 16,        /* switches on one way */
};

/* --- the question -------------------------------------------------------------------- */

enum explain_kind { EXPLAIN_ETHER, EXPLAIN_ARP, EXPLAIN_ICMP, EXPLAIN_ICMP6, EXPLAIN_IP,
	EXPLAIN_RA,                     /* a router advertisement (RFC 4861, 4.2), to all */
	EXPLAIN_ANNOUNCE,               /* an address, to all: by ARP (RFC 5227, 2.3) or neighbour advertisement (RFC 4861, 7.2.6) */
	EXPLAIN_DAD,                    /* is an address free? (RFC 5227, 2.1; RFC 4862, 5.4) */
	EXPLAIN_DHCP,                   /* what a client says, and the answer (RFC 2131, RFC 8415) */
};
struct explain_protocol {
	enum explain_kind kind;
	bool is_given;                  /* else chosen by what addresses are known */
	uint8_t number;                 /* IP: of the protocol */
	uint16_t port;                  /* TCP, UDP, SCTP; 0 = not given */
	uint16_t eth_type;              /* ETHER */
	bool is_v6;                     /* ARP (then it is ND), RA, ANNOUNCE, DAD, DHCP */
	bool is_server;                 /* DHCP: the frame of a server alone */
	uint8_t about[16];              /* ANNOUNCE, DAD: the address; IPv4 in the first 4 bytes */
};
/* "tcp/22", "udp/53", "icmp", "gre", "proto/47", "arp", "nd/fd00::9", "dhcp", "ra", "0x88b5"; null or "" = nothing.
 * Null, or what is wrong with it. */
const char *explain_protocol_parse(const char *text, struct explain_protocol *);

/* What `from` sends as its own address, whatever it has. */
struct explain_as {
	bool has_mac, has_ip, is_v6;
	uint8_t mac[6], ip[16];
};
/* "02:00:00:00:00:66", "10.0.0.66", or both with a comma between. False: neither. */
bool explain_as_parse(const char *text, struct explain_as *);

struct explain_question {
	const char *from, *to;          /* names, addresses, places; "NETWORK/..." */
	struct explain_protocol protocol;
	uint32_t size;                  /* bytes of the IP packet, 0 = a small one */
	/* When given, one frame is judged: that `from` sends so. Answers go to whoever has the address. */
	struct explain_as as;
};

/* --- the answer ---------------------------------------------------------------------- */

/* Why not, or what to know besides. */
struct explain_cause {
	const char *kind;               /* "denied", "port-down": for programs */
	const char *text;               /* a sentence without the last stop */
	const char *cure;               /* what to do */
	const char *sw;                 /* name of the switch, or null */
	uint32_t line;                  /* of the file, 0 = none */
};
struct explain_causes {
	struct explain_cause items[EXPLAIN_MAX_CAUSES];
	size_t n;
};

/* A row that a frame met, or an event on its way. */
struct explain_step {
	const char *sw;                 /* name of the switch */
	const char *text;               /* "in by vm-a" ... */
	bool is_row, is_shown;          /* shown: of interest to people */
	bool is_last;                   /* here it ended, and should not have */
	/* Rows only. */
	uint32_t slot;
	struct rule rule;               /* in the answer's arena */
	const char *table, *row, *app, *object;
	uint32_t line;
	/* "have"; "want": not there yet; "going"; "changing"; "refused"; "blocked": a row of others sits
	 * there; "foreign"; "missing": the switch, when asked, had no such row. */
	const char *state;
	uint64_t n_packets;             /* as last read, then as asked (is_live) */
	bool is_live;
	/* Of a probe: what it counted before, and counts now. */
	uint64_t n_before, n_after;
};

struct explain_trace { const char *sw, *command; };

/* One frame, from one end to the other. */
struct explain_leg {
	/* "arp", "arp-reply" (or nd), "request", "arp-back", "arp-back-reply", "reply" */
	const char *name;
	const char *frame_text;         /* what goes: "tcp from 10.0.0.1 port 40000 to 10.0.0.2 port 22" */
	bool passes;
	bool by_flood;                  /* nobody is known to have the destination: to all */
	bool is_answered;               /* by the switch itself: ARP and ND of known hosts */
	bool over_tunnel;
	uint32_t tunnel_mtu;            /* bytes that fit into the narrowest tunnel on the way */
	struct explain_step *steps;
	size_t n_steps;
	struct explain_cause cause;     /* kind null = none: passes */
	struct explain_trace traces[EXPLAIN_MAX_TRACES];
	size_t n_traces;
	/* Where and what a probe would be; see explain_probe.c. */
	uint32_t slot, in_port;
	uint8_t frame[EXPLAIN_MAX_FRAME];
	size_t frame_size;
};

/* A conversation that this end begins. */
enum { EXPLAIN_MAX_LEGS = 6 };
struct explain_direction {
	const char *from, *to;          /* names for people */
	bool is_reachable;
	struct explain_leg legs[EXPLAIN_MAX_LEGS];
	size_t n_legs;
	struct explain_causes causes;   /* why not: those of both ends too */
};

struct explain_end {
	const char *asked, *name;       /* as asked; for people: "vm-a" or an address */
	const char *network;            /* null = none */
	const char *sw, *port;          /* null = none known */
	uint16_t tag;
	bool is_heard;                  /* a host is known there */
	bool has_mac, has_ip4, has_ip6;
	uint8_t mac[6], ip4[4], ip6[16];
	uint32_t line;                  /* of the entry in the file that the port stands in its network by, 0 = none */
	const char *vtep;               /* behind this foreign one, or null */
	bool is_lan;                    /* a machine on the LAN */
	bool is_as;                     /* it sends with an address that was asked for */
};

struct explain {
	struct arena *arena;            /* all of it */
	const char *file;
	const char *protocol;           /* "tcp/22" */
	struct explain_protocol asked;  /* the same, settled */
	bool is_v6;
	struct explain_end ends[2];
	bool is_reachable;              /* both ways */
	struct explain_direction directions[2];
	size_t n_directions;            /* 1: the question was about what the first end says */
	bool is_cut;                    /* the packet goes in fragments, and that is what is judged */
	bool is_harmful;                /* sent for real, that frame would be believed, or reported */
	struct explain_causes notes;    /* nothing that stops frames, but worth knowing */
	/* Not null: the question cannot be answered as it is; what to do. */
	const char *error, *hint;
};

/* Never null; free it. */
struct explain *explain_new(const struct core *, const struct explain_question *);
void explain_free(struct explain *);

#endif
