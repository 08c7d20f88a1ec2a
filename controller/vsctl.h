/* SPDX-License-Identifier: Apache-2.0 */
/* vsctl: what the Open vSwitch of this host has, in one look, and changes to it.
 *
 * A look is one run of ovs-vsctl, so it is of one moment. Rows are JSON objects:
 * a set is an array or, with one member, that member; a map is an object; a
 * reference is the text of its UUID. All is run by argument vector, without a
 * shell. $OVS_RUNDIR says which Open vSwitch, as it does for its own programs. */
#ifndef CONTROLLER_VSCTL_H
#define CONTROLLER_VSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "controller/lab.h"
#include "controller/lab_args.h"

enum vsctl_table { VSCTL_SWITCH, VSCTL_SSL, VSCTL_CONTROLLER, VSCTL_BRIDGE, VSCTL_PORT, VSCTL_INTERFACE, N_VSCTL_TABLES };

struct vsctl {
	json_t *tables[N_VSCTL_TABLES]; /* arrays of rows, owned; null = not read */
};

/* Null, or a sentence of the runner's arena: what is wrong and what to do. */
const char *vsctl_read(struct lab_runner *, struct vsctl *);
void vsctl_uninit(struct vsctl *);
/* What ovs-vsctl prints with --format=json, table after table; false = it is not that. */
bool vsctl_parse(struct vsctl *, const char *text);

/* Rows; null when there is none. */
json_t *vsctl_row(const struct vsctl *, enum vsctl_table, const char *column, const char *value);
json_t *vsctl_switch(const struct vsctl *);              /* the one row of Open_vSwitch */
json_t *vsctl_ssl(const struct vsctl *);
/* The bridge that a port is on. */
json_t *vsctl_bridge_of(const struct vsctl *, const char *port);
/* The interfaces of a bridge: an array for the caller to give back. */
json_t *vsctl_interfaces(const struct vsctl *, const json_t *bridge);
/* The i-th controller of a bridge; null = no more. */
json_t *vsctl_controller(const struct vsctl *, const json_t *bridge, size_t i);

/* Columns. Text of a column or of a key of it; "" when it is empty or not there. */
const char *vsctl_text(const json_t *row, const char *column);
const char *vsctl_key(const json_t *row, const char *column, const char *key);
long long vsctl_number(const json_t *row, const char *column, long long otherwise);
bool vsctl_true(const json_t *row, const char *column);
/* The i-th member of a set; null = no more. */
const char *vsctl_item(const json_t *row, const char *column, size_t i);
bool vsctl_has(const json_t *row, const char *column, const char *member);

/* NAME="VALUE" as ovs-vsctl reads it, with what needs it escaped. */
void vsctl_add_value(struct args *, const char *name, const char *value);
/* Runs `ovs-vsctl ARGS`. Null, or a sentence as above; ret_said: what it warned of, "" = nothing. */
const char *vsctl_run(struct lab_runner *, const struct args *, const char **ret_said);
/* Another program of Open vSwitch: its output, or null with what it said in ret_why. */
const char *vsctl_ask(struct lab_runner *, const char **argv, const char **ret_why);
/* The rows of a bridge, one a line, as ovs-ofctl prints them without numbers. */
const char *vsctl_flows(struct lab_runner *, const char *bridge, const char **ret_why);

#endif
