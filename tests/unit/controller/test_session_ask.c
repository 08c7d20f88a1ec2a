/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about counters, between a real session and a fake switch: answers, ends of
 * connections, silence, and askers that have gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ofproto/ovs.h"
#include "controller/session_private.h"
#include "ofproto/log.h"
#include "tests/unit/controller/sim.h"

static char folder[] = "/tmp/weft-ask.XXXXXX";

struct heard {
	struct row_room room;
	struct rule wanted;
	size_t n_rows, n_ends, n_lost;
	bool found;
};

static void on_count(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, bool is_lost)
{
	struct heard *heard = ctx;
	(void) n_packets;
	(void) n_bytes;
	if (rule) {
		heard->n_rows++;
		heard->found |= rule->kind == RULE_FLOW && rule_key_equal(rule, &heard->wanted);
		return;
	}
	heard->n_ends++;
	heard->n_lost += is_lost;
}

static int begin(void **state)
{
	*state = sim_new_online(1000, folder);
	return 0;
}

static int end(void **state)
{
	sim_free(*state);
	return 0;
}

static struct session *a_session(struct sim *s, struct sim_switch **ret_switch)
{
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		uint32_t slot = sim_slot(s, &s->switches[i]);
		if (slot == NET_NONE || !s->core->switches[slot]->session)
			continue;
		*ret_switch = &s->switches[i];
		return s->core->switches[slot]->session;
	}
	fail_msg("no switch is connected");
	return NULL;
}

static void a_row(struct sim *s, const struct session *session, struct heard *heard)
{
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(s->core->switches[session->sw]->ledger, &iter); row;
	     row = ledger_after(s->core->switches[session->sw]->ledger, &iter)) {
		row_rule(row, &heard->room, &heard->wanted);
		if (row->have && !row->foreign && heard->wanted.kind == RULE_FLOW)
			return;
	}
	fail_msg("no row");
}

static bool ask(struct session *session, struct heard *heard)
{
	return session_ask(session, rule_table(&heard->wanted), rule_cookie(&heard->wanted), on_count, heard);
}

static void test_answer(void **state)
{
	struct sim *s = *state;
	struct sim_switch *sw;
	struct session *session = a_session(s, &sw);
	struct heard heard = { .n_rows = 0 };
	a_row(s, session, &heard);
	assert_true(ask(session, &heard));
	assert_int_equal(heard.n_ends, 0);
	sim_settle(s);
	assert_true(heard.found && heard.n_rows && heard.n_ends == 1 && !heard.n_lost);
}

static void test_the_end_of_the_connection(void **state)
{
	struct sim *s = *state;
	struct sim_switch *sw;
	struct session *session = a_session(s, &sw);
	struct heard heard = { .n_rows = 0 };
	a_row(s, session, &heard);
	assert_true(ask(session, &heard) && ask(session, &heard));
	sim_disconnect(s, sw);
	sim_settle(s);
	assert_int_equal(heard.n_ends, 2);
	assert_int_equal(heard.n_lost, 2);
}

static void test_silence(void **state)
{
	struct sim *s = *state;
	struct sim_switch *sw;
	struct session *session = a_session(s, &sw);
	struct heard heard = { .n_rows = 0 };
	a_row(s, session, &heard);
	assert_true(ask(session, &heard));
	session_ask_tick(session, s->core->now_ms + SESSION_ASK_MS - 1);
	assert_int_equal(heard.n_ends, 0);
	session_ask_tick(session, s->core->now_ms + SESSION_ASK_MS);
	assert_int_equal(heard.n_lost, 1);
	/* Its answer comes late: nobody waits for it, and nobody is hurt. */
	sim_settle(s);
	assert_int_equal(heard.n_ends, 1);
	assert_int_equal(heard.n_rows, 0);
	assert_true(sim_slot(s, sw) != NET_NONE);
}

static void test_an_asker_that_goes(void **state)
{
	struct sim *s = *state;
	struct sim_switch *sw;
	struct session *session = a_session(s, &sw);
	struct heard heard = { .n_rows = 0 };
	a_row(s, session, &heard);
	for (int i = 0; i < SESSION_ASKS; i++)
		assert_true(ask(session, &heard));
	assert_false(ask(session, &heard));
	sessions_forget_asks(s->sessions, &heard);
	sim_settle(s);
	assert_int_equal(heard.n_ends + heard.n_rows, 0);
	assert_true(ask(session, &heard));
	sim_settle(s);
	assert_int_equal(heard.n_ends, 1);
}

int main(void)
{
#define T(F) cmocka_unit_test_setup_teardown(F, begin, end)
	const struct CMUnitTest tests[] = {
		T(test_answer), T(test_the_end_of_the_connection), T(test_silence), T(test_an_asker_that_goes),
	};
	log_init("test_session_ask");
	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
