/* SPDX-License-Identifier: Apache-2.0 */
/* port_log: what a switch says about its ports before it is ready, and the sorted
 * list that this comes to. A log, so that the cost does not grow with the square
 * of what a peer says. All zero is an empty one. */
#ifndef OFPROTO_PORT_LOG_H
#define OFPROTO_PORT_LOG_H

#include "ofproto/msg.h"

struct port_entry;

struct port_log {
	struct port_entry *entries;     /* owned */
	size_t n, max;
};

void port_log_uninit(struct port_log *);
/* False when there are more ports than a switch can have. */
bool port_log_note(struct port_log *, const struct msg_port *, bool deleted);
/* One for each port that is there, sorted by number; the caller's. Empties the log. */
struct msg_port *port_log_take(struct port_log *, size_t *ret_n);

#endif
