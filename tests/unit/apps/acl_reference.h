/* SPDX-License-Identifier: Apache-2.0 */
/* The second opinion about rules: what the file says about one frame, read from
 * what is written in it, word by word. Knows nothing of rows, classes, labels. */
#ifndef TESTS_ACL_REFERENCE_H
#define TESTS_ACL_REFERENCE_H

#include "topo/net.h"

/* What connection tracking knows of a frame. */
struct reference_tracked {
	bool is_reply;                  /* of an established connection */
	bool is_related;
	bool is_established;            /* in the first direction */
	bool is_cut;                    /* a rule has ended the connection */
};

/* Does the frame, without tag, pass the list? */
bool reference_passes(const struct net *, const char *acl, const uint8_t *frame, size_t size,
		      const struct reference_tracked *);

#endif
