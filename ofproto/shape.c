/* SPDX-License-Identifier: Apache-2.0 */
/* shape: a rule's bytes with places to write numbers into. The rule was encoded
 * by the library once; only values change afterwards, never the layout. */
#include "ofproto/build.h"

#include <stdio.h>
#include <stdlib.h>

#include "ofproto/field.h"
#include "ofproto/wire.h"

static void __attribute__((noreturn)) shape_fail(enum field f, const char *why)
{
	fprintf(stderr, "weft: shape: %s %s\n", field_name(f), why);
	abort();
}

static void add_slot(struct shape *s, enum field f, size_t offset)
{
	if (!offset)
		shape_fail(f, "is not in the rule, or masked");
	if (s->n_slots == SHAPE_MAX_SLOTS)
		shape_fail(f, "is one slot too many");
	s->slots[s->n_slots].offset = (uint16_t) offset;
	s->slots[s->n_slots].size = field_infos[f].size;
	s->n_slots++;
}

void shape_init(struct shape *s, const struct rule *rule,
		const enum field *match_fields, size_t n_match,
		const enum field *set_fields, size_t n_set)
{
	if (rule->kind != RULE_FLOW || rule->size > SHAPE_MAX) {
		fputs("weft: shape: not a flow, or too long\n", stderr);
		abort();
	}
	memset(s, 0, sizeof(*s));
	s->size = rule->size;
	s->plain = rule->plain;
	memcpy(s->msg, rule->msg, rule->size);
	for (size_t i = 0; i < n_match; i++)
		add_slot(s, match_fields[i], field_in_match(rule, match_fields[i]));
	for (size_t i = 0; i < n_set; i++) {
		unsigned n;
		size_t offset = field_in_set(rule, set_fields[i], &n);

		if (n > 1)
			shape_fail(set_fields[i], "is set more than once");
		add_slot(s, set_fields[i], offset);
	}
}

static uint8_t *slot_at(struct shape *s, unsigned slot, size_t size)
{
	if (slot >= s->n_slots || s->slots[slot].size != size) {
		fprintf(stderr, "weft: shape: slot %u has not %zu bytes\n", slot, size);
		abort();
	}
	return s->msg + s->slots[slot].offset;
}

void shape_set_u32(struct shape *s, unsigned slot, uint32_t value)
{
	wire_put_u32(slot_at(s, slot, 4), value);
}

void shape_set_mac(struct shape *s, unsigned slot, const uint8_t mac[6])
{
	memcpy(slot_at(s, slot, 6), mac, 6);
}

void shape_set_cookie(struct shape *s, uint64_t cookie) { wire_put_u64(s->msg + FLOW_COOKIE, cookie); }

/* With OFPFF_SEND_FLOW_REM, as build_idle() does. */
void shape_set_idle(struct shape *s, uint16_t seconds)
{
	wire_put_u16(s->msg + FLOW_IDLE, seconds);
	wire_put_u16(s->msg + FLOW_FLAGS, wire_u16(s->msg + FLOW_FLAGS) | FLOW_SEND_REM);
}

void shape_rule(const struct shape *s, struct rule *ret_rule)
{
	ret_rule->kind = RULE_FLOW;
	ret_rule->plain = s->plain;
	ret_rule->size = s->size;
	ret_rule->msg = s->msg;
}
