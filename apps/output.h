/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of output: ports (output.c), the way to other switches (output_switch.c),
 * floods (output_list.c). */
#ifndef APPS_OUTPUT_H
#define APPS_OUTPUT_H

#include "apps/app.h"

enum output_row {
	ROW_PORT_HAIRPIN, ROW_FLOOD_HAIRPIN, ROW_UNKNOWN_HAIRPIN,
	ROW_PORT, ROW_STEERED, ROW_NOT_OURS, ROW_SWITCH, ROW_FLOOD, ROW_UNKNOWN, ROW_MISS,
	ROW_PORT_ANSWER, ROW_PORT_COPIED, ROW_FLOOD_COPIED, ROW_UNKNOWN_COPIED,
	N_OUTPUT_ROWS
};

extern const struct app_row output_rows[N_OUTPUT_ROWS];

/* A port in a network. */
struct leg {
	const struct view_port *port;
	const struct view_use *use;
	uint32_t mirror;                /* ofport that gets copies of what is delivered, NET_NONE = none */
};

/* The network on one switch, and how it goes on to others. */
struct place {
	const struct scene *scene;
	struct out *out;
	uint32_t sw;
	const struct view_network *vn;
	uint32_t tunnel;                /* ofport, NET_NONE = none */
	const struct leg *legs;
	size_t n_legs;
};

/* Nothing for NET_UNTAGGED; else on a frame that has no tag yet (is_first), or instead of its tag. */
void output_put_tag(struct build *, uint16_t tag, bool is_first);
/* To that switch or VTEP, by that port; the VNI is set. */
void output_put_peer(struct build *, const struct net_switch *, uint32_t tunnel);
/* Does this switch send to VTEPs what is for all? */
bool output_is_head(const struct place *);

/* Rows for all switches and VTEPs of the network; for the switch with that index. */
void output_switches(const struct place *);
void output_switch(const struct place *, uint32_t index);
/* Those that lead to its path. */
void output_resteer(const struct place *, uint32_t index);
/* Takes away the rows for what is not there any more. */
void output_switch_gone(const struct place *, const struct net_switch *peer);

/* The rows that name other switches: these change when one joins or leaves. */
void output_lists(const struct place *);

#endif
