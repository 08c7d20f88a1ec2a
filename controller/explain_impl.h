/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of explain: explain.c (the verdict), explain_find.c (who is meant),
 * explain_fill.c (what is known of them), explain_ends.c (what is wrong with their
 * places), explain_words.c (words for what is sent), explain_frame.c and explain_say.h (frames),
 * explain_rows.c (rows that matter), explain_size.c (packets that fit), explain_pieces.c (those that do not, in fragments), explain_way.c and explain_trip.h (frames on their way),
 * explain_cure.c (what to do), explain_guard.c (what guards say). */
#ifndef CONTROLLER_EXPLAIN_IMPL_H
#define CONTROLLER_EXPLAIN_IMPL_H

#include "controller/explain.h"
#include "ofproto/walk.h"
#include "topo/arena.h"

enum { FIND_MAX = 64 };

/* Somebody who may be meant. Borrows from net and view. */
struct candidate {
	uint32_t network;               /* index, NET_NONE = in none */
	uint32_t sw;                    /* slot, NET_NONE = not known */
	const char *sw_name, *port_name;        /* null = not known */
	const struct view_port *port;   /* null = not there */
	const struct view_use *use;     /* of the port in the network, or null */
	const struct host *host;        /* null = never heard */
	const struct binding *binding;  /* of the address that was asked for, or null */
	const struct net_port *entry;   /* of the file, or null */
	const struct net_vtep *vtep;    /* behind this foreign one, or null */
	bool has_mac;
	uint8_t mac[6];
};

/* What was asked for, and who that may be. */
struct find {
	const struct core *core;
	struct arena *arena;
	const char *asked;              /* all of it */
	const char *word;               /* without "NETWORK/" */
	uint32_t network;               /* that network, or NET_NONE = any */
	bool is_mac, is_ip, is_v6, is_place;
	uint8_t mac[6], ip[16];
	struct candidate items[FIND_MAX];
	size_t n;
	const char *nobody, *nobody_cure;       /* n = 0: why */
	const char *error, *hint;       /* no word at all */
};
void find_all(struct find *, const struct core *, struct arena *, const char *asked);
/* "office/10.0.0.1": how to ask for this one and no other. */
const char *find_name(const struct find *, const struct candidate *);

/* --- building the answer --------------------------------------------------------------- */

/* Of a packet that its host cuts. */
enum explain_piece { PIECE_WHOLE, PIECE_FIRST, PIECE_LATER };

struct explaining {
	const struct core *core;
	const struct net *net;
	const struct view *view;
	const struct explain_question *question;
	struct explain *x;
	struct arena *arena;
	struct candidate ends[2];
	struct explain_protocol protocol;       /* settled */
	bool is_v6;
	bool lacks_address;             /* asked was about IP, and no address is known: judged is Ethernet */
	uint32_t network;               /* index; of both */
	enum explain_piece piece;       /* what is being followed */
	/* Who an end is to the other one, when its source is translated on the way; null = itself. */
	const struct explain_end *seen_as[2];
};
static inline const struct explain_end *explain_seen(const struct explaining *e, unsigned end)
{
	return e->seen_as[end] ? e->seen_as[end] : &e->x->ends[end];
}

const char *explain_printf(struct explaining *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* sw may be null; text and cure are kept as they are. */
void explain_cause_add(struct explain_causes *, const char *kind, const char *text, const char *cure, const char *sw,
		       uint32_t line);
bool explain_cause_has(const struct explain_causes *, const char *kind);

/* explain_fill.c: place and addresses of an end; with `as` of the question, those; the
 * link-local address of its MAC, where routers speak from. */
void explain_fill_end(struct explaining *, unsigned end, const struct find *);
void explain_take_as(struct explaining *);
void explain_link_local(struct explain_end *);

/* explain_ends.c: what keeps frames from this end whatever the rows say, and what is odd. */
void explain_judge_end(struct explaining *, unsigned end, struct explain_causes *stops, struct explain_causes *notes);
void explain_judge_both(struct explaining *, struct explain_causes *stops);
/* What to do about an uplink that is not open yet. */
#define EXPLAIN_UPLINK_WAITS "ask again in a second; `weft status` says which switch is late"

enum {
	EXPLAIN_CLIENT_PORT = 40000,
	EXPLAIN_ETHERTYPE = 0x88b5,     /* when none is given (IEEE 802, 9.2.3: local experiments) */
};

/* explain_frame.c: the frame of a leg, as `from` sends it. Returns its size. */
/* RESOLVE: who has that address; RESOLVED: the answer. REQUEST, REPLY: what is asked about. */
enum leg_kind { LEG_RESOLVE, LEG_RESOLVED, LEG_REQUEST, LEG_REPLY };
/* from: which end sends this frame; client: which one began. */
size_t explain_frame(const struct explaining *, enum leg_kind, unsigned from, unsigned client,
		     uint8_t frame[EXPLAIN_MAX_FRAME]);

/* explain_words.c: "tcp/22"; "tcp 10.0.0.1 port 40000 > 10.0.0.2 port 22". */
const char *explain_protocol_text(struct explaining *);
const char *explain_frame_text(struct explaining *, enum leg_kind, unsigned from, unsigned client);

/* explain_say.c: is it said by one end without being asked, or nearly so (DHCP)? Then nobody's
 * address is looked for before, and only what the first end says is judged. */
bool explain_says(const struct explain_protocol *);

/* explain_rows.c: the rows of a switch that can matter to frames between both ends. */
struct explain_rows;
struct explain_rows *explain_rows_new(const struct explaining *);
void explain_rows_free(struct explain_rows *);
/* As the switch has them. Of one that is away, or that is just being given others, as it shall have
 * them: a row that is being changed is only known as it will be. */
const struct walk_switch *explain_rows_of(struct explain_rows *, uint32_t sw);
/* "have" ...: see explain_step. */
const char *explain_row_state(const struct row *);

/* explain_trace.c: the command that asks Open vSwitch itself about a frame of this leg where it
 * comes in. vid: its outer tag there, NET_UNTAGGED = none; ct_state 0 = new. */
struct explain_entry {
	uint32_t slot, in_port;
	uint16_t vid;
	uint64_t tun_id;
	uint32_t tun_src;               /* IPv4, host order */
	uint8_t tun_src6[16];
	bool is_tunnel, is_tracked;
	bool is_translated;             /* a request gets another source there */
	bool is_back;                   /* a reply that is addressed to the client itself again */
	uint32_t ct_state;
	uint8_t ct_label[16];
};
const char *explain_trace_command(struct explaining *, enum leg_kind, unsigned from, unsigned client,
				  const struct explain_entry *);

/* explain_guard.c: tells of a row of that name, of guards or of addresses and hosts that are
 * one port's own, that ended a frame; the cause has its switch and line. False: not of that kind. */
bool explain_guard_cause(struct explaining *, const char *row, unsigned from, struct explain_cause *);
void explain_quarantine(struct explaining *, unsigned end, struct explain_cause *);
/* Remarks that IP packets pass from an address that is another port's. */
void explain_note_source(struct explaining *);
/* Are its addresses watched, and nothing is leased to it and none declared? */
bool explain_lacks_lease(const struct explaining *, unsigned end);

/* explain_size.c: a packet of the size that was asked for; what all hosts should know of the way. */
void explain_judge_size(struct explaining *, struct explain_leg *);
void explain_note_size(struct explaining *);

/* explain_pieces.c: what hosts send in one piece, in bytes; does a packet of the size that was asked for go in fragments? */
uint32_t explain_hosts_mtu(const struct explaining *);
bool explain_is_cut(const struct explaining *);
/* Makes what stands from `ip` on the piece that is being followed; size, and returns: bytes from there on. 8 more may be written. */
size_t explain_cut(const struct explaining *, uint8_t *ip, size_t size);

/* explain_leave.c: can a frame of that end be followed? From a port in its network, or behind a foreign VTEP
 * that has a tunnel to the other end. */
bool explain_can_send(const struct explaining *, unsigned end);

/* explain_way.c: follows a frame of a leg. tracked: per slot, what connection tracking
 * says of a reply: set by the request on its way. */
struct explain_track { uint32_t state; bool translates; uint8_t label[16]; };
struct explain_tracked { struct explain_track *at; size_t n; };
void explain_follow(struct explaining *, struct explain_rows *, enum leg_kind, unsigned from, unsigned client,
		    struct explain_tracked *, struct explain_leg *);

/* The same for a packet that goes in fragments; all of them have to come. */
struct explain_pieces { struct explain_rows *rows; enum leg_kind kind; unsigned from, client; struct explain_tracked *tracked; };
void explain_follow_pieces(struct explaining *, const struct explain_pieces *, struct explain_leg *);

/* explain_snat.c: what the request has become on that switch, and who the server takes its sender
 * for; what a row says that translates, or null. */
void explain_translated(struct explaining *, unsigned client, const struct walk *);
const char *explain_snat_text(struct explaining *, const struct explain_step *, unsigned client);
/* Has the frame to do with a translation of the network, though it names neither end? */
bool explain_is_snat_mac(const struct explaining *, const uint8_t mac[6]);
bool explain_is_snat_ip(const struct explaining *, bool is_v6, const uint8_t *ip);

/* explain_cure.c: the cause of a frame that ended at this row. */
struct explain_cause explain_row_cause(struct explaining *, const struct explain_step *, unsigned from, unsigned client);
/* Is the row one that people want to see on the way? */
bool explain_row_is_shown(const struct rule *);
/* What the row says of itself. */
const char *explain_row_text(struct explaining *, const struct explain_step *);

#endif
