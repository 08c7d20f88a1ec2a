/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger against a naive model and a switch that loses, refuses and is
 * meddled with. Every step is drawn; after every step all columns, lists and
 * counts of the ledger are compared with the model's. In the end everything is
 * brought to rest: the switch has what is wanted, foreign rows are untouched.
 * WEFT_SEED=number repeats a run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/ledger.h"
#include "ofproto/wire.h"

enum {
	N_FLOWS = 24, N_GROUPS = 4, N_METERS = 3, N_KEYS = N_FLOWS + N_GROUPS + N_METERS,
	N_VERSIONS = 3, SHUT = N_VERSIONS, FOREIGN, N_APPS = 2, MSG = 256, STEPS = 4000, RUNS = 60,
};

/* What the ledger should think of one key. */
struct model {
	uint64_t want, sent, have, refused;
	bool in_flight, foreign, plain, moved, seen;
	bool shutting, unshuttable;
	uint8_t app;
};

/* One key of the switch: what is really there. */
struct truth {
	uint64_t digest;                /* 0 = nothing */
	const struct rule *rule;
	bool foreign;
};

/* One without instructions and one that is somebody else's come last. */
static struct rule rules[N_KEYS][FOREIGN + 1];
static uint8_t bytes[N_KEYS][FOREIGN + 1][MSG] __attribute__((aligned(8)));
static uint64_t digests[N_KEYS][FOREIGN + 1];

static struct ledger *ledger;
static struct model model[N_KEYS];
static struct truth truth[N_KEYS];

static bool connected;
static bool flight_fails;               /* the transaction under way will be aborted */
static bool flight_refused[N_KEYS];
static uint32_t flight_xid[N_KEYS], xid;
static uint64_t n_sent;

static bool reading;
static int read_table;
static struct truth snapshot[N_KEYS];
static int read_at;                     /* keys told so far */
static struct ledger_drift drift;

static uint64_t seed;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned below(unsigned n) { return (unsigned) (draw() >> 20) % n; }

/* --- the rules ------------------------------------------------------------------------ */

static enum rule_kind kind_of(int key)
{
	return key < N_FLOWS ? RULE_FLOW : key < N_FLOWS + N_GROUPS ? RULE_GROUP : RULE_METER;
}

static int table_of(int key)
{
	switch (kind_of(key)) {
	case RULE_FLOW:
		return corpus_tables[key % 3].id;
	case RULE_GROUP:
		return LEDGER_GROUPS;
	case RULE_METER:
		break;
	}
	return LEDGER_METERS;
}

static void make_rule(struct build *b, int key, int version)
{
	struct rule *r = &rules[key][version];

	switch (kind_of(key)) {
	case RULE_FLOW:
		build_flow(b, (unsigned) key % 3, (uint16_t) (100 + key / 3),
			   version == FOREIGN ? 0x1234 : cookie_make((uint8_t) (key % N_APPS), (uint64_t) key));
		match_u(b, FIELD_REG0, (uint64_t) key);
		if (version != SHUT)
			act_set_u(b, FIELD_REG1, (uint64_t) version);
		for (int i = 0; version != SHUT && i < version; i++)
			act_output(b, 5);
		if (key % 2 && version != FOREIGN)
			build_plain(b);
		break;
	case RULE_GROUP:
		build_group(b, (uint32_t) (GROUP_OURS_FIRST + key), GROUP_SELECT);
		build_bucket(b, (uint16_t) (1 + version), 0);
		break;
	case RULE_METER:
		build_meter(b, (uint32_t) (METER_OURS_FIRST + key), true, (uint32_t) (1 + version), 0);
		break;
	}
	assert_null(build_end(b, r));
	assert_true(r->size <= MSG);
	memcpy(bytes[key][version], r->msg, r->size);
	r->msg = bytes[key][version];
	digests[key][version] = rule_digest(r);
}

static void make_rules(void)
{
	struct build *b = build_new(corpus_tables, CORPUS_TABLES);

	for (int key = 0; key < N_KEYS; key++)
		for (int version = 0; version <= FOREIGN; version++)
			make_rule(b, key, version);
	build_free(b);
}

static bool may_be_foreign(int key) { return kind_of(key) == RULE_FLOW; }

/* --- the switch ------------------------------------------------------------------------- */

static int key_of(const struct rule *r)
{
	for (int key = 0; key < N_KEYS; key++)
		if (rule_key_equal(&rules[key][0], r))
			return key;
	fail_msg("the ledger sends a row that nobody knows");
	return -1;
}

static const struct rule *version_of(int key, const struct rule *r)
{
	for (int version = 0; version <= (kind_of(key) == RULE_FLOW ? SHUT : N_VERSIONS - 1); version++)
		if (digests[key][version] == rule_digest(r))
			return &rules[key][version];
	fail_msg("the ledger sends a version that nobody made");
	return NULL;
}

/* Whether the switch can do it; it does it when `really`. */
static bool switch_takes(const uint8_t *msg, size_t size, bool really)
{
	struct rule r = {.size = (uint16_t) size, .msg = msg};
	unsigned command;
	struct truth *t;
	int key;

	r.kind = msg[1] == WIRE_FLOW_MOD ? RULE_FLOW : msg[1] == WIRE_GROUP_MOD ? RULE_GROUP : RULE_METER;
	key = key_of(&r);
	t = &truth[key];
	if (r.kind == RULE_FLOW) {
		if (msg[FLOW_COMMAND] == FLOW_DELETE_STRICT) {
			assert_true(wire_u64(msg + FLOW_COOKIE_MASK) == COOKIE_MASK);
			if (really && !t->foreign)
				t->digest = 0;
			return true;
		}
		assert_int_equal(msg[FLOW_COMMAND], FLOW_ADD);
	} else {
		command = wire_u16(msg + GROUP_COMMAND);
		if (command == MOD_DELETE) {
			if (really)
				t->digest = 0;
			return true;
		}
		if ((command == MOD_MODIFY) != (t->digest != 0))
			return false;           /* exists, or does not */
	}
	if (really) {
		t->rule = version_of(key, &r);
		t->digest = rule_digest(t->rule);
		t->foreign = false;
	}
	return true;
}

/* --- comparing ---------------------------------------------------------------------------- */

static bool model_refused(const struct model *m)
{
	return m->want && m->want == m->refused && m->want != m->have;
}

/* A flow whose change was refused is shut; what else was refused stays as it is. */
static uint64_t model_target(int key, const struct model *m)
{
	if (!model_refused(m))
		return m->want;
	if (!m->have || kind_of(key) != RULE_FLOW)
		return m->have;
	return m->unshuttable ? 0 : digests[key][SHUT];
}

static bool model_dirty(int key, const struct model *m)
{
	return model_target(key, m) != m->have && !m->in_flight && !m->foreign;
}

static bool model_exists(const struct model *m) { return m->want || m->have || m->in_flight || m->foreign; }

static enum phase model_phase(int key, const struct model *m)
{
	switch (kind_of(key)) {
	case RULE_FLOW:
		return model_target(key, m) ? PHASE_FLOW_ADD : PHASE_FLOW_DEL;
	case RULE_GROUP:
		return m->want ? PHASE_GROUP_ADD : PHASE_GROUP_DEL;
	case RULE_METER:
		break;
	}
	return m->want ? PHASE_METER_ADD : PHASE_METER_DEL;
}

static void compare_row(int key, const struct row *row)
{
	const struct model *m = &model[key];

	if (!model_exists(m)) {
		assert_true(!row || (reading && m->moved));
		return;
	}
	assert_non_null(row);
	assert_true(row->want == m->want);
	assert_true(row->have == m->have);
	assert_int_equal(row->in_flight, m->in_flight);
	assert_true(row->sent == m->sent);
	assert_int_equal(row->refused, m->want && m->want == m->refused);
	assert_int_equal(row->foreign, m->foreign);
	assert_int_equal(row->dirty, model_dirty(key, m));
	if (row->dirty)
		assert_int_equal(row->phase, model_phase(key, m));
	if (m->want) {
		struct row_room room;
		struct rule r;

		assert_int_equal(row->app, m->app);
		row_rule(row, &room, &r);
		assert_true(rule_digest(&r) == m->want);
	}
	if (m->in_flight)
		assert_ptr_equal(ledger_in_flight(ledger, flight_xid[key]), row);
}

static void compare(void)
{
	size_t n_dirty = 0, n_flight = 0, n_hard = 0, phases[N_PHASES] = {0};
	struct ledger_counts c, is = {0};

	for (int key = 0; key < N_KEYS; key++) {
		const struct model *m = &model[key];

		compare_row(key, ledger_find(ledger, &rules[key][0]));
		n_flight += m->in_flight;
		if (model_dirty(key, m)) {
			n_dirty++;
			n_hard += !m->plain;
			phases[model_phase(key, m)]++;
		}
		is.n_flows += m->have && kind_of(key) == RULE_FLOW;
		is.n_groups += m->have && kind_of(key) == RULE_GROUP;
		is.n_meters += m->have && kind_of(key) == RULE_METER;
		is.n_refused += model_refused(m);
		is.n_foreign += m->foreign && m->want;
		is.n_alien += m->foreign && !m->want && kind_of(key) == RULE_FLOW;
	}
	assert_int_equal(ledger_n_dirty(ledger), n_dirty);
	assert_int_equal(ledger_n_in_flight(ledger), n_flight);
	assert_int_equal(ledger_all_plain(ledger), n_hard == 0);
	assert_int_equal(ledger_at_rest(ledger), !n_dirty && !n_flight);
	for (int p = 0; p < N_PHASES; p++)
		assert_int_equal(ledger_next(ledger, (enum phase) p) != NULL, phases[p] != 0);
	ledger_count(ledger, &c);
	assert_int_equal(c.n_flows, is.n_flows);
	assert_int_equal(c.n_groups, is.n_groups);
	assert_int_equal(c.n_meters, is.n_meters);
	assert_int_equal(c.n_rows, is.n_flows + is.n_groups + is.n_meters);
	assert_int_equal(c.n_refused, is.n_refused);
	assert_int_equal(c.n_foreign, is.n_foreign);
	assert_int_equal(c.n_alien, is.n_alien);
	assert_true(c.n_sent == n_sent);
}

/* --- steps: want ---------------------------------------------------------------------------- */

static void step_want(int key, int version, uint8_t app)
{
	struct model *m = &model[key];

	ledger_want(ledger, app, &rules[key][version]);
	if (m->want != digests[key][version]) {
		m->want = digests[key][version];
		m->refused = 0;
	}
	m->plain = rules[key][version].plain;
	m->app = app;
}

static void model_unwant(struct model *m)
{
	if (!m->want)
		return;
	m->want = 0;
	m->refused = 0;
}

static void step_unwant(int key)
{
	ledger_unwant(ledger, &rules[key][below(N_VERSIONS)]);
	model_unwant(&model[key]);
}

static void step_compile(uint8_t app)
{
	bool wanted[N_KEYS] = {false};

	ledger_mark(ledger, app);
	for (unsigned i = below(N_KEYS); i > 0; i--) {
		int key = (int) below(N_KEYS);

		/* Mostly what it was, as a compile does. */
		for (int v = 0; v < N_VERSIONS; v++) {
			if (model[key].want == digests[key][v] && below(8)) {
				step_want(key, v, app);
				break;
			}
			if (v == N_VERSIONS - 1)
				step_want(key, (int) below(N_VERSIONS), app);
		}
		wanted[key] = true;
	}
	ledger_sweep(ledger, app);
	for (int key = 0; key < N_KEYS; key++)
		if (model[key].want && model[key].app == app && !wanted[key])
			model_unwant(&model[key]);
}

/* --- steps: send ------------------------------------------------------------------------------ */

static void send_row(struct row *row, bool may_refuse)
{
	uint8_t msg[MSG] __attribute__((aligned(8)));
	size_t size = ledger_message(row, msg, ++xid);
	struct rule r = {.kind = (enum rule_kind) row->kind, .size = (uint16_t) size, .msg = msg};
	int key = key_of(&r);
	struct model *m = &model[key];

	assert_true(model_dirty(key, m));
	assert_true(size <= MSG && size == wire_u16(msg + WIRE_LENGTH));
	flight_refused[key] = !switch_takes(msg, size, false) || (may_refuse && below(10) == 0);
	if (!flight_fails && !flight_refused[key])
		switch_takes(msg, size, true);
	ledger_sent(ledger, row, xid);
	flight_xid[key] = xid;
	n_sent++;
	m->in_flight = true;
	m->sent = model_target(key, m);
	m->shutting = model_refused(m);
	m->moved = true;
}

static void step_send(bool may_refuse)
{
	unsigned n = may_refuse ? below(N_KEYS) : N_KEYS;

	if (!connected || ledger_n_in_flight(ledger))
		return;
	flight_fails = may_refuse && below(6) == 0;
	for (int p = 0; p < N_PHASES; p++) {
		struct row *row;

		while (n && (row = ledger_next(ledger, (enum phase) p)) != NULL) {
			send_row(row, may_refuse);
			n--;
		}
	}
}

static void model_land(struct model *m)
{
	m->in_flight = false;
	m->sent = 0;
	m->moved = true;
}

static void step_land(void)
{
	for (int key = 0; key < N_KEYS; key++) {
		struct model *m = &model[key];
		struct row *row;

		if (!m->in_flight || !flight_refused[key])
			continue;
		row = ledger_in_flight(ledger, flight_xid[key]);
		assert_non_null(row);
		ledger_refuse(ledger, row, 1);
		if (m->sent && m->shutting) {
			m->unshuttable = true;
		} else if (m->sent) {
			m->refused = m->sent;
			m->unshuttable = false;
		} else {
			m->have = 0;
		}
		model_land(m);
	}
	if (flight_fails)
		ledger_abort(ledger);
	else
		ledger_commit(ledger);
	for (int key = 0; key < N_KEYS; key++) {
		struct model *m = &model[key];

		if (!m->in_flight)
			continue;
		if (!flight_fails)
			m->have = m->sent;
		model_land(m);
	}
}

/* --- steps: read ------------------------------------------------------------------------------- */

static bool in_scope(int key) { return read_table == LEDGER_ALL || table_of(key) == read_table; }

static void step_read_begin(int table)
{
	ledger_read_begin(ledger, table);
	reading = true;
	read_table = table;
	read_at = 0;
	memcpy(snapshot, truth, sizeof(truth));
	drift = (struct ledger_drift){0};
	for (int key = 0; key < N_KEYS; key++)
		model[key].moved = model[key].in_flight, model[key].seen = false;
}

static void read_key(int key)
{
	const struct truth *t = &snapshot[key];
	struct model *m = &model[key];

	if (!t->digest || !in_scope(key))
		return;
	ledger_read_row(ledger, t->rule, 1, 2, 3);
	m->seen = true;
	if (m->moved)
		return;
	if (t->foreign) {
		drift.missing += m->have != 0;
		m->have = 0;
		m->foreign = true;
		return;
	}
	drift.extra += !m->have;
	drift.changed += m->have && m->have != t->digest;
	if (m->have != t->digest)
		m->refused = 0;
	m->have = t->digest;
	m->foreign = false;
	if (!m->want)
		m->plain = t->rule->plain;
}

static void step_read(unsigned n)
{
	struct ledger_drift got;

	for (; n && read_at < N_KEYS; n--)
		read_key(read_at++);
	if (read_at < N_KEYS)
		return;
	got = ledger_read_end(ledger);
	reading = false;
	for (int key = 0; key < N_KEYS; key++) {
		struct model *m = &model[key];

		if (!in_scope(key) || m->seen || m->moved)
			continue;
		if (m->have) {
			drift.missing++;
			m->refused = 0;
		}
		m->have = 0;
		m->foreign = false;
	}
	assert_int_equal(got.missing, drift.missing);
	assert_int_equal(got.changed, drift.changed);
	assert_int_equal(got.extra, drift.extra);
}

static void step_connect(void)
{
	if (connected) {
		connected = false;
		reading = false;
		ledger_forget(ledger);
		for (int key = 0; key < N_KEYS; key++) {
			struct model *m = &model[key];

			m->have = m->sent = m->refused = 0;
			m->in_flight = m->foreign = false;
		}
	} else {
		connected = true;
		step_read_begin(LEDGER_ALL);
		if (below(2))
			step_read(N_KEYS);
	}
}

/* --- steps: other hands ---------------------------------------------------------------------------- */

static void step_meddle(int key)
{
	struct truth *t = &truth[key];
	int version = (int) below(N_VERSIONS);

	switch (below(3)) {
	case 0:
		t->digest = 0;
		break;
	case 1:
		t->foreign = false;
		t->rule = &rules[key][version];
		t->digest = digests[key][version];
		break;
	case 2:
		if (!may_be_foreign(key))
			break;
		t->foreign = true;
		t->rule = &rules[key][FOREIGN];
		t->digest = digests[key][FOREIGN];
		break;
	}
	if (!t->digest)
		t->foreign = false;
}

/* FLOW_REMOVED, after what is in flight has been done. */
static void step_expire(int key)
{
	struct model *m = &model[key];
	const struct rule *rule = truth[key].rule;
	bool foreign = truth[key].foreign, told;

	if (!connected || reading || !truth[key].digest || kind_of(key) != RULE_FLOW)
		return;
	truth[key].digest = 0;
	truth[key].foreign = false;
	told = ledger_gone(ledger, rule);
	if (m->in_flight) {
		assert_false(told);
	} else if (m->foreign) {
		assert_int_equal(told, foreign);
		if (told)
			m->foreign = false;
	} else {
		assert_int_equal(told, m->have != 0);
		m->have = 0;
	}
}

static void step(void)
{
	int key = (int) below(N_KEYS);

	switch (below(16)) {
	case 0: case 1: case 2: case 3:
		step_want(key, (int) below(N_VERSIONS), (uint8_t) below(N_APPS));
		break;
	case 4: case 5:
		step_unwant(key);
		break;
	case 6:
		step_compile((uint8_t) below(N_APPS));
		break;
	case 7: case 8: case 9:
		step_send(true);
		break;
	case 10: case 11:
		if (connected)
			step_land();
		break;
	case 12:
		if (connected && reading)
			step_read(1 + below(N_KEYS));
		break;
	case 13:
		if (connected && !reading)
			step_read_begin(below(3) ? table_of(key) : LEDGER_ALL);
		break;
	case 14:
		if (below(3) == 0)
			step_meddle(key);
		else
			step_expire(key);
		break;
	case 15:
		if (!connected || below(6) == 0)
			step_connect();
		break;
	}
}

/* No more meddling, no refusals: a few rounds must be enough. */
static void bring_to_rest(void)
{
	bool foreign[N_KEYS];

	for (int key = 0; key < N_KEYS; key++)
		foreign[key] = truth[key].foreign;
	if (!connected)
		step_connect();
	if (reading)
		step_read(N_KEYS);
	step_land();
	step_read_begin(LEDGER_ALL);
	step_read(N_KEYS);
	/* From here on the ledger knows every foreign row. */
	for (int key = 0; key < N_KEYS; key++)
		foreign[key] = truth[key].foreign;
	for (int key = 0; key < N_KEYS; key++)
		if (model_refused(&model[key]))
			step_unwant(key);
	step_send(false);
	step_land();
	compare();
	assert_true(ledger_at_rest(ledger));
	for (int key = 0; key < N_KEYS; key++) {
		assert_int_equal(truth[key].foreign, foreign[key]);
		if (!truth[key].foreign)
			assert_true(truth[key].digest == model[key].want);
	}
	step_read_begin(LEDGER_ALL);
	step_read(N_KEYS);
	assert_int_equal(drift.missing + drift.changed + drift.extra, 0);
	assert_true(ledger_at_rest(ledger));
}

static void run(uint64_t s)
{
	seed = s ? s : 1;
	ledger = ledger_new();
	memset(model, 0, sizeof(model));
	memset(truth, 0, sizeof(truth));
	connected = reading = false;
	n_sent = 0;
	xid = 0xfffffff0;
	for (int i = 0; i < STEPS; i++) {
		step();
		compare();
	}
	bring_to_rest();
	ledger_free(ledger);
}

static void test_model(void **state)
{
	const char *given = getenv("WEFT_SEED");
	uint64_t s = given ? strtoull(given, NULL, 0) : (uint64_t) time(NULL);

	(void) state;
	make_rules();
	for (int i = 0; i < (given ? 1 : RUNS); i++) {
		printf("WEFT_SEED=%" PRIu64 "\n", s);
		fflush(stdout);
		run(s);
		s = s * 6364136223846793005ULL + 1442695040888963407ULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
