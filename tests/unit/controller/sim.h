/* SPDX-License-Identifier: Apache-2.0 */
/* sim: a whole weftd without sockets, and a hostile world around it.
 *
 * Config, core and sessions are the real ones, put together as main.c does;
 * below them lie wires to fake switches, each with ports, and hosts behind the
 * ports. A host's frame goes through the rows that its switch really has, and a
 * row that punts makes a packet-in. All NICs (ports up*) hang on one LAN, and
 * cables (ports ln*, from SIM_CABLES on) join the switches to a ring. In episodes with
 * underlays each switch has a tunnel port (SIM_TUNNEL) with an address in red and in blue, and for each
 * other switch one that runs BFD to it over blue. Either may die between two switches.
 * Nothing moves by itself and all chance comes from one number. */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "controller/config.h"
#include "ofproto/build.h"
#include "ofproto/walk.h"
#include "tests/unit/controller/fake_conn.h"

enum {
	SIM_SWITCHES = 4, SIM_CABLES = 9, SIM_TUNNEL = 11, SIM_BFD = 12, SIM_PORTS = 16, SIM_HOSTS = 14, SIM_FOREIGN = 40, SIM_MAX_GOT = 256,
	SIM_FRAME = 64, SIM_WALL_MS = 1700000000, SIM_UNTAGGED = -1, SIM_TICK_MS = 250,
};

struct sim_port {
	char name[16];
	uint32_t ofport;                /* 0 = not there now */
	bool is_up;
	bool on_lan;
};

struct sim_switch {
	const char *name;
	uint64_t dpid;
	struct fake_switch *fake;
	struct wire wire;
	bool online;                    /* it believes in a connection */
	struct sim_port ports[SIM_PORTS];
	struct walk_switch *rows;       /* for frames: a copy of its rows, or null */
	uint64_t rows_at;               /* fake_n_changes() when they were copied */
	struct sim *sim;
};

/* Where it is; vid: the tag it sends with. */
struct sim_host {
	uint8_t mac[6];
	uint32_t sw, port;              /* indices */
	int vid;
};

/* A row of somebody else. */
struct sim_foreign {
	uint32_t sw;
	uint8_t *msg;                   /* owned; null = none */
	struct rule rule;
	uint64_t digest;
	bool squats;                    /* sits on a key that was ours */
};

/* A frame that came out of a port. */
struct sim_got { uint32_t sw, ofport; int vid; };

struct sim {
	uint64_t random;
	bool has_storms;                /* its files may have storm limits, rates and mirrors: seeds from SIM_STORMS on */
	bool has_underlays;             /* and tunnels: seeds from SIM_UNDERLAYS on */
	bool dead[2][SIM_SWITCHES][SIM_SWITCHES];       /* red, blue: nothing comes through, either way */
	bool is_tls;
	uint64_t now_ms, next_tick_ms;
	unsigned n_ticks;
	/* weftd */
	struct loop *loop;
	char file[128], folder[100];    /* the state is in there, too */
	char *text;                     /* what is in force; owned */
	struct config *config;
	struct core *core;
	struct sessions *sessions;
	uint64_t generation_id;
	bool tick_due;
	bool later_due;                 /* core has put off work */
	/* the world */
	struct sim_switch switches[SIM_SWITCHES];
	struct sim_host hosts[SIM_HOSTS];
	struct sim_foreign foreign[SIM_FOREIGN];
	struct build *foreign_build;
	uint32_t refuse_hash;           /* rows whose key hash ends in these bits are refused; 0 = none */
	bool may_loop;                  /* a switch without atomic changes is among them */
	/* the last frame */
	struct walk *walk;
	struct sim_got got[SIM_MAX_GOT];
	size_t n_got;
};

uint32_t sim_random(struct sim *, uint32_t n);          /* 0 .. n-1 */
size_t sim_n_ports(const struct sim *);
bool sim_chance(struct sim *, uint32_t percent);

/* --- weftd (sim.c) ------------------------------------------------------------------- */
enum { SIM_STORMS = 1000000, SIM_UNDERLAYS = 2000000 };
struct sim *sim_new(uint64_t seed, const char *folder);
/* The same with all switches connected, at rest. */
struct sim *sim_new_online(uint64_t seed, const char *folder);
void sim_free(struct sim *);
void sim_advance(struct sim *, uint64_t ms);
void sim_end_tick(struct sim *);
/* That file of the state is lost. */
void sim_forget(const struct sim *, const char *name);
/* kill -9 and a new start with the file as it is. */
void sim_restart(struct sim *);
/* Writes the file and reloads, or hands the text to `weft apply`. Whether it is
 * good must be known: a bad one changes nothing. */
void sim_edit(struct sim *, const char *text, bool is_good, bool by_apply);

void sim_connect(struct sim *, struct sim_switch *);
void sim_disconnect(struct sim *, struct sim_switch *);
/* The switch works on up to n messages; up to n of its messages arrive. */
void sim_work(struct sim *, struct sim_switch *, size_t n);
bool sim_round(struct sim *, struct sim_switch *, size_t n);
/* A connection that claims to be that switch: refused, and the switch unhurt. */
void sim_impostor(struct sim *, struct sim_switch *);
/* All that was said is heard; nothing but time would move anything. */
void sim_settle(struct sim *);
/* And time has gone by until nobody had anything to say. */
void sim_rest(struct sim *);

/* The slot in core of a connected switch, or NET_NONE. */
uint32_t sim_slot(const struct sim *, const struct sim_switch *);
/* All mods that all switches have got. */
uint64_t sim_mods(const struct sim *);

/* --- what must hold at rest (sim_check.c) ---------------------------------------------- */
void sim_check(struct sim *);

/* --- files (sim_file.c); to be freed --------------------------------------------------- */
/* whole: all switches are in it. */
char *sim_file_good(struct sim *, bool whole);
char *sim_file_bad(struct sim *);

/* --- frames (sim_walk.c) --------------------------------------------------------------- */
extern const uint8_t sim_broadcast[6];
/* What the switch sends by itself: out of a cable or into a tunnel, for the far end; into its own tables. */
void sim_send_by_itself(void *sw, const struct fake_sent *);
/* Does the port work? One that runs BFD: does it live? */
bool sim_port_lives(const struct sim *, uint32_t sw, size_t port);
/* The far end of a cable, by index: its port has the same. */
uint32_t sim_cable_end(uint32_t sw, size_t port);
/* From the host, from where it is, to that address; what comes out is in got.
 * Never in circles, never by two rows of one priority. */
void sim_send(struct sim *, const struct sim_host *, const uint8_t dst[6]);
/* Everybody speaks; then the map of core is exactly where everybody is, but for
 * those that a limit keeps out. At rest, with all switches connected. */
void sim_check_map(struct sim *);
/* Everybody to everybody, to all and to nobody: frames arrive where the file
 * says, once, with the right tag, and nowhere else. After sim_check_map. */
void sim_check_frames(struct sim *);

#endif
