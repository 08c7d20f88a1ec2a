/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of one YAML scalar to a value: names, numbers with units,
 * addresses. Pure functions; what is wrong comes back as a complaint that the
 * caller prefixes with the thing it is about: `"tag"` + `is 5000; ...`. */
#ifndef TOPO_SCALAR_H
#define TOPO_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topo/diag.h"

struct scalar {
	const char *text;               /* ends with NUL, holds none */
	bool is_quoted;                 /* in the file: a tool will leave it alone */
};

struct complaint {
	enum diag_code code;
	char text[320];                 /* goes on after the name of the thing */
};

enum {
	SCALAR_MAX_NAME = 63,
	SCALAR_MAX_PORT = 63,           /* what may be written; OpenFlow shows 15 */
	SCALAR_MAX_TEXT = 1000,
};

/* What a tool that reads YAML 1.1 takes an unquoted text for. A name or text
 * that is anything but SCALAR_STRING does not survive such a tool. */
enum scalar_guess {
	SCALAR_STRING, SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_OCTAL, SCALAR_FLOAT,
	SCALAR_SEXAGESIMAL, SCALAR_DATE,
};
enum scalar_guess scalar_guess(const char *text);
const char *scalar_guess_name(enum scalar_guess);       /* "a number", "a date" ... */

/* Each returns false with a complaint, and then leaves the result alone. */
bool scalar_name(struct scalar, struct complaint *);
bool scalar_text(struct scalar, struct complaint *);
bool scalar_bool(struct scalar, bool *, struct complaint *);
bool scalar_uint(struct scalar, uint64_t min, uint64_t max, uint64_t *, struct complaint *);
bool scalar_dpid(struct scalar, uint64_t *, struct complaint *);
/* s, m, h, d; whole seconds. A bare number is refused, but for 0, which is good
 * whatever min says: it stands for "never" or "off". */
bool scalar_duration(struct scalar, uint64_t min, uint64_t max, uint64_t *seconds,
		     struct complaint *);
/* bit, kbit, Mbit, Gbit, Tbit: powers of 1000; bits per second. */
bool scalar_rate(struct scalar, uint64_t *bits_per_second, struct complaint *);
/* The same written out: as few digits as say it. */
void scalar_rate_text(uint64_t bits_per_second, char out[32]);
/* us, ms, s; microseconds. */
bool scalar_delay(struct scalar, uint64_t min, uint64_t max, uint64_t *us, struct complaint *);
/* pps, kpps, Mpps: packets per second. */
bool scalar_packets(struct scalar, uint64_t min, uint64_t max, uint64_t *packets_per_second, struct complaint *);
bool scalar_percent(struct scalar, uint64_t *percent, struct complaint *);
bool scalar_mac(struct scalar, uint64_t *mac, struct complaint *);

/* An address or prefix of either family; the buffer takes its usual form. */
enum { SCALAR_ADDRESS_SIZE = 64 };
bool scalar_address(struct scalar, char out[SCALAR_ADDRESS_SIZE], struct complaint *);
bool scalar_prefix(struct scalar, char out[SCALAR_ADDRESS_SIZE], struct complaint *);

/* "switch:port", either side maybe a glob. Lengths of the two sides. */
bool scalar_port(struct scalar, size_t *switch_len, size_t *port_len, struct complaint *);

#endif
