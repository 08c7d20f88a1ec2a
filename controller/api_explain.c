/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/explain. What the rows count is asked of the switches, so the answer is a
 * stream that waits for theirs; with a probe, for the counters to grow. */
#include <stdlib.h>
#include <string.h>

#include "controller/api_private.h"
#include "controller/explain.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

enum {
	MAX_ASKED = 160,
	PROBE_FRAMES = 5,
	PROBE_POLL_MS = 150,
	PROBE_MS = 3000,                /* Open vSwitch counts what its cache has passed within a second or so */
};

/* A question to a switch. */
struct asked {
	struct explanation *of;         /* null = answered */
	uint32_t slot;
	uint8_t table;
	uint64_t cookie;
};

enum phase_of { COUNTING, BEFORE, AFTER, DONE };

struct explanation {
	struct explanation *next;
	struct api *api;
	struct http_call *call;         /* null = the client has gone */
	struct explain *x;
	bool wants_probe;
	enum phase_of phase;
	struct asked asked[MAX_ASKED];
	size_t n_asked, n_open;
	struct loop_timer *timer;       /* of the probe */
	uint64_t probed_ms;
};

static void advance(struct explanation *);

/* --- counters ------------------------------------------------------------------------------ */

static void set_count(struct explanation *ex, struct explain_step *step, uint64_t n_packets)
{
	if (ex->phase == BEFORE)
		step->n_before = step->n_after = n_packets;
	if (ex->phase == AFTER)
		step->n_after = n_packets;
	step->n_packets = n_packets;
	step->is_live = true;
}

/* What the switch said of one row; rule null: it has no more rows of that table and cookie. */
static void take_count(struct explanation *ex, struct explain_step *step, const struct asked *asked, const struct rule *rule,
		       uint64_t n_packets)
{
	if (!step->is_row || step->rule.kind != RULE_FLOW || step->slot != asked->slot)
		return;
	if (rule && rule->kind == RULE_FLOW && rule_key_equal(&step->rule, rule))
		set_count(ex, step, n_packets);
	if (!rule && !step->is_live && rule_table(&step->rule) == asked->table && rule_cookie(&step->rule) == asked->cookie)
		step->state = "missing";
}

static void on_count(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, bool is_lost)
{
	struct asked *asked = ctx;
	struct explanation *ex = asked->of;
	(void) n_bytes;
	for (size_t d = 0; d < 2 && !is_lost; d++) {
		struct explain_direction *direction = &ex->x->directions[d];
		for (size_t l = 0; l < direction->n_legs; l++)
			for (size_t i = 0; i < direction->legs[l].n_steps; i++)
				take_count(ex, &direction->legs[l].steps[i], asked, rule, n_packets);
	}
	if (rule)
		return;
	asked->of = NULL;
	if (!--ex->n_open)
		advance(ex);
}

static void ask_one(struct explanation *ex, const struct explain_step *step)
{
	struct core *core = ex->api->world.core;
	uint8_t table = rule_table(&step->rule);
	uint64_t cookie = rule_cookie(&step->rule);
	for (size_t i = 0; i < ex->n_asked; i++)
		if (ex->asked[i].slot == step->slot && ex->asked[i].table == table && ex->asked[i].cookie == cookie)
			return;
	if (ex->n_asked == MAX_ASKED || step->slot >= core->n_switches || !core->switches[step->slot]->session)
		return;
	struct asked *asked = &ex->asked[ex->n_asked];
	*asked = (struct asked) { .of = ex, .slot = step->slot, .table = table, .cookie = cookie };
	if (!session_ask(core->switches[step->slot]->session, table, cookie, on_count, asked))
		return;
	ex->n_asked++;
	ex->n_open++;
}

/* all: every row of the leg, else those that people see. */
static void ask_leg(struct explanation *ex, const struct explain_leg *leg, bool all)
{
	for (size_t i = 0; i < leg->n_steps; i++)
		if (leg->steps[i].is_row && (all || leg->steps[i].is_shown) && leg->steps[i].rule.kind == RULE_FLOW)
			ask_one(ex, &leg->steps[i]);
}

/* --- probe --------------------------------------------------------------------------------- */

/* The first frame of a conversation, the way there. */
static struct explain_leg *probed_leg(const struct explanation *ex)
{
	struct explain_direction *d = &ex->x->directions[0];
	const char *wanted = !strcmp(ex->x->protocol, "arp") ? "arp" : !strcmp(ex->x->protocol, "nd") ? "nd" : "request";
	for (size_t i = 0; i < d->n_legs; i++)
		if (!strcmp(d->legs[i].name, wanted))
			return &d->legs[i];
	return NULL;
}

/* Why not; null = it can be sent. */
static const char *cannot_probe(const struct explanation *ex, const char **ret_hint)
{
	const struct explain *x = ex->x;
	const struct core *core = ex->api->world.core;
	const struct explain_leg *leg = probed_leg(ex);
	*ret_hint = "ask without --probe";
	if (!leg)
		return "there is no way to probe";
	if (x->is_harmful) {
		*ret_hint = "guards would report it as real; ask without --probe";
		return "nobody is made to send what may not be sent";
	}
	if (x->is_cut) {
		*ret_hint = "ask with a smaller --size, or without --probe";
		return "a probe is one frame, and no fragment comes to anybody alone";
	}
	if (x->ends[0].vtep) {
		*ret_hint = "probe from the other end";
		return "no switch of weft's can send what comes out of a foreign tunnel";
	}
	if (!x->ends[0].has_mac || !x->ends[1].has_mac || !x->ends[0].is_heard) {
		*ret_hint = "a probe must not make up a host: let it send a frame first";
		return "nothing has been heard from one of them";
	}
	if (leg->slot >= core->n_switches || !core->switches[leg->slot]->session) {
		*ret_hint = "`weft status`";
		return "the switch is not connected";
	}
	if (x->asked.kind == EXPLAIN_IP && !x->asked.port) {
		*ret_hint = "probe with icmp, tcp/PORT, udp/PORT or sctp/PORT";
		return "of that protocol no frame is known that the receiver drops for sure";
	}
	return NULL;
}

static void send_probe(struct explanation *ex)
{
	const struct explain_leg *leg = probed_leg(ex);
	struct session *session = ex->api->world.core->switches[leg->slot]->session;
	for (int i = 0; session && i < PROBE_FRAMES; i++)
		session_packet_out_as_in(session, leg->in_port, leg->frame, leg->frame_size);
	core_touch(ex->api->world.core, leg->slot);
	ex->probed_ms = loop_now_ms(ex->api->loop);
}

/* A wrong checksum is no connection to remember: that row is passed by. */
static bool counts_probes(const struct explain_step *step)
{
	return step->is_row && step->rule.kind == RULE_FLOW && !(step->row && !strcmp(step->row, "commit"));
}

static bool has_grown(const struct explain_step *step) { return step->n_after >= step->n_before + PROBE_FRAMES; }

/* The last row of the way; null = there is none. */
static const struct explain_step *last_row(const struct explain_leg *leg)
{
	for (size_t i = leg->n_steps; i-- > 0;)
		if (counts_probes(&leg->steps[i]))
			return &leg->steps[i];
	return NULL;
}

static json_t *probe_json(const struct explanation *ex)
{
	const struct explain_leg *leg = probed_leg(ex);
	json_t *rows = json_array();
	const struct explain_step *furthest = NULL;
	bool is_missing = false, is_shared = false;
	for (size_t i = 0; i < leg->n_steps; i++) {
		const struct explain_step *step = &leg->steps[i];
		if (!counts_probes(step))
			continue;
		is_missing |= !has_grown(step);
		if (!is_missing)
			furthest = step;
		is_shared |= step->n_after > step->n_before + PROBE_FRAMES;
		json_array_append_new(rows, json_pack("{s:o, s:o, s:o, s:o, s:o}", "switch", show_text(step->sw), "table", show_text(step->table),
						      "row", show_text(step->row), "before", show_count(step->n_before),
						      "after", show_count(step->n_after)));
	}
	/* "others": of other traffic the counters cannot tell it. */
	return json_pack("{s:i, s:s, s:b, s:b, s:o, s:o, s:o}", "frames", PROBE_FRAMES, "verdict",
			 is_missing ? "lost" : leg->passes ? "delivered" : "dropped", "as_explained", !is_missing, "others", is_shared,
			 "came_to", furthest ? json_sprintf("%s", furthest->sw) : json_null(),
			 "row", furthest ? show_text(furthest->text) : json_null(), "rows", rows);
}

static void ask_probed(struct explanation *ex)
{
	ex->n_asked = 0;
	ex->n_open++;                   /* for this call: answers do not come before it ends */
	ask_leg(ex, probed_leg(ex), true);
	if (!--ex->n_open)
		advance(ex);
}

static void on_timer(void *ctx)
{
	struct explanation *ex = ctx;
	ex->api->world.core->now_ms = loop_now_ms(ex->api->loop);
	ex->phase = AFTER;
	ask_probed(ex);
}

/* --- from phase to phase ------------------------------------------------------------------- */

/* All answers of this phase are there. */
static void advance(struct explanation *ex)
{
	const struct explain_step *last;
	switch (ex->phase) {
	case COUNTING:
		if (!ex->wants_probe)
			break;
		ex->phase = BEFORE;
		ask_probed(ex);
		return;
	case BEFORE:
		send_probe(ex);
		ex->timer = loop_timer_new(ex->api->loop, on_timer, ex);
		loop_timer_again(ex->timer, PROBE_POLL_MS);
		return;
	case AFTER:
		last = last_row(probed_leg(ex));
		if (last && !has_grown(last) && loop_now_ms(ex->api->loop) < ex->probed_ms + PROBE_MS) {
			loop_timer_again(ex->timer, PROBE_POLL_MS);
			return;
		}
		break;
	case DONE:
		return;
	}
	ex->phase = DONE;
	if (ex->call)
		http_wake(ex->call);
}

static enum http_more more(void *ctx, struct http_out *out)
{
	struct explanation *ex = ctx;
	if (ex->phase != DONE)
		return HTTP_WAIT;
	json_t *json = show_explain(ex->x);
	if (ex->wants_probe)
		show_set(json, "probe", probe_json(ex));
	return api_out_last(out, json);
}

static void explanation_free(struct explanation *ex)
{
	struct explanation **link = &ex->api->explanations;
	while (*link != ex)
		link = &(*link)->next;
	*link = ex->next;
	ex->api->n_explanations--;
	for (size_t i = 0; i < ex->n_asked; i++)
		sessions_forget_asks(ex->api->world.sessions, &ex->asked[i]);
	if (ex->timer)
		loop_timer_free(ex->timer);
	explain_free(ex->x);
	free(ex);
}

static void done(void *ctx) { explanation_free(ctx); }

static const struct http_stream_ops ops = { .more = more, .done = done };

/* --- the request --------------------------------------------------------------------------- */

static bool parse(struct api_request *request, struct explain_question *question)
{
	struct http_call *call = request->call;
	const char *protocol = http_param(call, "protocol"), *size = http_param(call, "size"), *as = http_param(call, "as");
	*question = (struct explain_question) { .from = http_param(call, "from"), .to = http_param(call, "to") };
	if (!question->from || !question->to) {
		api_error(call, 400, NULL, "/v1/explain?from=A&to=B&protocol=tcp/22", "from and to are wanted");
		return false;
	}
	const char *why = explain_protocol_parse(protocol, &question->protocol);
	if (why) {
		api_error(call, 400, NULL, why, "\"%s\" is no protocol", protocol);
		return false;
	}
	if (as && !explain_as_parse(as, &question->as)) {
		api_error(call, 400, NULL, "a MAC address, an IP address, or both: 02:00:00:00:00:66,10.0.0.66", "\"%s\" is no address", as);
		return false;
	}
	char *end = NULL;
	unsigned long n = size ? strtoul(size, &end, 10) : 0;
	if (size && (end == size || *end || n < 20 || n > 65535)) {
		api_error(call, 400, NULL, "bytes of the IP packet, 20 to 65535", "\"%s\" is no size", size);
		return false;
	}
	question->size = (uint32_t) n;
	return true;
}

void api_explain(struct api_request *request)
{
	struct api *api = request->api;
	struct explain_question question;
	const char *probe = http_param(request->call, "probe"), *hint;
	if (!parse(request, &question))
		return;
	if (api->n_explanations == API_MAX_EXPLANATIONS) {
		api_error(request->call, 503, NULL, "try again in a second", "%d explanations are being made already", API_MAX_EXPLANATIONS);
		return;
	}
	struct explain *x = explain_new(api->world.core, &question);
	if (x->error) {
		api_error(request->call, 422, NULL, x->hint, "%s", x->error);
		explain_free(x);
		return;
	}
	struct explanation *ex = xheap_alloc(sizeof *ex);
	ex->api = api;
	ex->x = x;
	ex->wants_probe = probe && !strcmp(probe, "1");
	const char *why = ex->wants_probe ? cannot_probe(ex, &hint) : NULL;
	if (why) {
		api_error(request->call, 422, NULL, hint, "no probe: %s", why);
		explain_free(x);
		free(ex);
		return;
	}
	ex->call = request->call;
	ex->next = api->explanations;
	api->explanations = ex;
	api->n_explanations++;
	http_stream(request->call, "application/json", &ops, ex);
	ex->n_open++;
	for (size_t d = 0; d < 2; d++)
		for (size_t l = 0; l < x->directions[d].n_legs; l++)
			ask_leg(ex, &x->directions[d].legs[l], false);
	if (!--ex->n_open)
		advance(ex);
}

/* The streams have ended, and with them all of these. */
void api_explain_uninit(struct api *api)
{
	while (api->explanations)
		explanation_free(api->explanations);
}
