/* SPDX-License-Identifier: Apache-2.0 */
/* corpus: one rule for everything that build.h offers, for tests that must not
 * forget one: every field matched, masked and set, every action, kind of group
 * and meter. Rules that need a group or meter come after it. */
#ifndef TESTS_CORPUS_H
#define TESTS_CORPUS_H

#include "ofproto/build.h"

/* Four tables in which everything is allowed, ids 0, 60, 70 and 100. */
enum { CORPUS_TABLES = 4 };
extern const struct table_contract corpus_tables[CORPUS_TABLES];

typedef void corpus_cb(void *ctx, const char *name, const struct rule *);
void corpus(corpus_cb *, void *ctx);

/* Fields as the next rule needs them: eth_type and so on for this field. */
void corpus_prerequisites(struct build *, enum field);
/* A value for the field from random bits, valid in it; size as in build.h. */
void corpus_value(enum field, uint64_t random, uint8_t ret_value[16]);
void corpus_match(struct build *, enum field, const uint8_t *value, const uint8_t *mask);
void corpus_set(struct build *, enum field, const uint8_t *value);

#endif
