/* SPDX-License-Identifier: Apache-2.0 */
/* How the scalar parsers say what is wrong; for scalar*.c only. */
#ifndef TOPO_SCALAR_COMPLAIN_H
#define TOPO_SCALAR_COMPLAIN_H

#include "topo/scalar.h"

/* Fills the complaint; always false, so that a parser can return it. */
bool complain(struct complaint *, enum diag_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* False with a complaint when there is no value (nothing, ~, null). */
bool complain_if_null(struct scalar, struct complaint *);

/* Always false: why this is not a whole number. */
bool complain_number(struct scalar, struct complaint *);

#endif
