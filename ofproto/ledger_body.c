/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_body: what rows have in common, kept once.
 *
 * A flow is a match and a body: all of its message but the match. Thousands of
 * hosts behind one port have a match each and a body together, so most of the
 * bytes of their rows need not be written, and read from slow memory, for each.
 * It is worth it where bodies are few. Where most rows have one of their own (the
 * answers to ARP) no more are made, and rows keep their messages whole.
 *
 * An open-addressed table of pointers, at most half full. */
#include "ofproto/ledger_impl.h"
#include "ofproto/mem.h"
#include "ofproto/wire.h"

enum {
	BODIES_FIRST = 32,              /* slots; power of two */
	BODIES_ALWAYS = 64, ROWS_PER_BODY = 8,  /* no more bodies than these and one per so many rows */
};

static size_t body_size(size_t rest) { return sizeof(struct body) + FLOW_MATCH + rest; }

/* The digest has all of the head that makes a difference but the key's part. */
static size_t home_of(const struct bodies *bodies, uint64_t digest, const uint8_t *head)
{
	uint64_t key = (uint64_t) head[FLOW_TABLE] << 16 | wire_u16(head + FLOW_PRIORITY);

	return (digest + key * 0x9e3779b97f4a7c15ULL) >> 32 & (bodies->n_slots - 1);
}

/* Not by the digest alone: it is no secret, and a VM may choose some of the bytes. Of
 * the head these are all that differ: cookie; table, timeouts, priority; flags. */
static bool is_body_of(const struct body *body, const struct rule *rule, size_t rest, uint64_t digest)
{
	return body->digest == digest && body->rest == rest
		&& wire_u64(body->msg + FLOW_COOKIE) == wire_u64(rule->msg + FLOW_COOKIE)
		&& wire_u64(body->msg + FLOW_TABLE) == wire_u64(rule->msg + FLOW_TABLE)
		&& wire_u32(body->msg + FLOW_FLAGS) == wire_u32(rule->msg + FLOW_FLAGS)
		&& !memcmp(body->msg + FLOW_MATCH, rule->msg + rule->size - rest, rest);
}

static void slots_make(struct bodies *bodies, size_t n)
{
	struct body **old = bodies->slots;
	size_t n_old = bodies->n_slots;

	bodies->slots = mem_zalloc(n * sizeof(struct body *));
	bodies->n_slots = n;
	for (size_t i = 0; i < n_old; i++) {
		if (!old[i])
			continue;
		size_t at = home_of(bodies, old[i]->digest, old[i]->msg);
		while (bodies->slots[at])
			at = (at + 1) & (n - 1);
		bodies->slots[at] = old[i];
	}
	free(old);
}

static struct body *make(struct ledger *l, const struct rule *rule, size_t rest, uint64_t digest)
{
	struct body *body = mem_alloc(body_size(rest));

	*body = (struct body) { .digest = digest, .rest = (uint16_t) rest };
	memcpy(body->msg, rule->msg, FLOW_MATCH);
	memcpy(body->msg + FLOW_MATCH, rule->msg + rule->size - rest, rest);
	l->bodies.n++;
	l->n_bytes += body_size(rest);
	return body;
}

struct body *body_take(struct ledger *l, const struct rule *rule, uint64_t digest)
{
	struct bodies *bodies = &l->bodies;
	size_t rest, at;

	if (rule->kind != RULE_FLOW || rule->size > sizeof(struct row_room))
		return NULL;
	if (bodies->n >= bodies->n_slots / 2)
		slots_make(bodies, bodies->n_slots ? 2 * bodies->n_slots : BODIES_FIRST);
	rest = rule->size - FLOW_MATCH - wire_match_padded(wire_u16(rule->msg + FLOW_MATCH + 2));
	for (at = home_of(bodies, digest, rule->msg); bodies->slots[at]; at = (at + 1) & (bodies->n_slots - 1)) {
		if (is_body_of(bodies->slots[at], rule, rest, digest)) {
			bodies->slots[at]->n_rows++;
			return bodies->slots[at];
		}
	}
	if (bodies->n >= BODIES_ALWAYS + l->n_rows / ROWS_PER_BODY)
		return NULL;
	bodies->slots[at] = make(l, rule, rest, digest);
	bodies->slots[at]->n_rows++;
	return bodies->slots[at];
}

/* What follows moves back unless it stands between its home and the gap. */
static void take_out(struct bodies *bodies, const struct body *body)
{
	size_t mask = bodies->n_slots - 1, gap = home_of(bodies, body->digest, body->msg);

	while (bodies->slots[gap] != body)
		gap = (gap + 1) & mask;
	for (size_t i = (gap + 1) & mask; bodies->slots[i]; i = (i + 1) & mask) {
		size_t home = home_of(bodies, bodies->slots[i]->digest, bodies->slots[i]->msg);

		if (((i - home) & mask) >= ((i - gap) & mask)) {
			bodies->slots[gap] = bodies->slots[i];
			gap = i;
		}
	}
	bodies->slots[gap] = NULL;
}

void body_give(struct ledger *l, struct body *body)
{
	if (!body || --body->n_rows)
		return;
	take_out(&l->bodies, body);
	l->bodies.n--;
	l->n_bytes -= body_size(body->rest);
	free(body);
}

void bodies_free(struct bodies *bodies)
{
	for (size_t i = 0; i < bodies->n_slots; i++)
		free(bodies->slots[i]);
	free(bodies->slots);
}
