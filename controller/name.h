/* SPDX-License-Identifier: Apache-2.0 */
/* name: what a row of an Open vSwitch dump is there for, from its cookie.
 *
 * Works on lines of text of any origin; what it does not understand it has
 * nothing to say about. The comment keeps the line readable for ovs-ofctl. */
#ifndef CONTROLLER_NAME_H
#define CONTROLLER_NAME_H

#include <stddef.h>
#include <stdint.h>

struct names;

struct names *names_new(const char *file);       /* of the topology, for "file:line"; copied */
void names_free(struct names *);
void names_add_app(struct names *, uint8_t number, const char *name);
void names_add_object(struct names *, uint64_t id, const char *name, uint32_t line);

/* "  # l2: port kvm1:vm-a of network office (topology.yaml:12); known-source"
 * for a line (without its newline; need not end with a NUL) into buf. Returns
 * its length, 0 = nothing to say: no cookie, not ours, or it stands there. */
size_t names_comment(struct names *, const char *line, size_t len, char *buf, size_t size);

#endif
