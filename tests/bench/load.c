/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load on one fake switch: PACKET_INs out, answers in, at most a window of them open.
 *
 * The source address carries switch and host number, so an answer needs no look-up: its number leads to a ring of
 * send times. Hosts sit on the ports in turn; with unicast, host 0 sits on the last port and all others send to
 * it. Known hosts need no answers: there an echo request behind each batch tells when it has been consumed.
 *
 * The window is filled up when half of it is free, not after every answer, so that both sides work in batches
 * however the answers come: the bench measures the controller, not how two processes happen to fall in step.
 */
#include "load.h"

#include <stdio.h>
#include <time.h>

static uint64_t now;

uint64_t load_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
	return now;
}

/* Locally administered with the number of the run, switch (2 bytes), host (3 bytes). */
static uint8_t first_byte(const struct load *l)
{
	return (uint8_t)(2 | l->plan->run << 2);
}

static void put_mac(const struct load *l, uint8_t *mac, uint32_t seq)
{
	mac[0] = first_byte(l);
	put16(mac + 1, (uint16_t)l->index);
	mac[3] = (uint8_t)(seq >> 16);
	put16(mac + 4, (uint16_t)seq);
}

static bool is_ours(const struct load *l, const uint8_t *mac)
{
	return mac[0] == first_byte(l) && get16(mac + 1) == l->index;
}

void load_init(struct load *l, const struct load_plan *plan, struct load_totals *totals, unsigned index,
	       const char *name, uint64_t dpid, bool remember)
{
	*l = (struct load){.plan = plan, .totals = totals, .index = index, .ring = 4};
	fswitch_init(&l->sw, &load_hooks, name, dpid, plan->n_ports, remember);
	while (l->ring < 4 * plan->window)
		l->ring *= 2;
	l->sent_at = calloc(l->ring, sizeof *l->sent_at);
	l->packets = calloc(plan->n_ports, sizeof *l->packets);
	if (!l->sent_at || !l->packets)
		abort();
	if (plan->punt_miss)
		punt_miss(&l->punt);
}

void load_uninit(struct load *l)
{
	fswitch_uninit(&l->sw);
	punt_uninit(&l->punt);
	free(l->sent_at);
	free(l->packets);
}

/* An IPv4 frame with a UDP header, to the broadcast address. */
static void make_frame(uint8_t *f, size_t size)
{
	memset(f, 0, size);
	memset(f, 0xff, 6);
	put16(f + 12, 0x0800);
	f[14] = 0x45;
	put16(f + 16, (uint16_t)(size - 14));
	f[22] = 64;
	f[23] = 17;
	put32(f + 26, 0x0a000001);
	put32(f + 30, 0x0affffff);
	put16(f + 34, 4000);
	put16(f + 36, 4000);
	put16(f + 38, (uint16_t)(size - 34));
}

bool load_prepare(struct load *l)
{
	uint8_t frame[LOAD_MAX_FRAME];

	if (!l->punt.found)
		return false;
	make_frame(frame, l->plan->frame);
	for (unsigned i = 0; i < l->plan->n_ports; i++)
		punt_packet_in(&l->punt, i + 1, frame, l->plan->frame, &l->packets[i]);
	return true;
}

static void put_packet_in(const struct load *l, uint32_t seq, struct buf *out)
{
	unsigned others = l->plan->n_ports - 1, port = seq % l->plan->n_ports;
	const struct packet_in *p;
	uint8_t *to;

	if (l->plan->unicast)
		port = seq && others ? seq % others : others;
	p = &l->packets[port];
	to = buf_add(out, p->size);
	memcpy(to, p->bytes, p->size);
	put_mac(l, to + p->eth_src, seq);
	if (l->plan->unicast && seq)
		put_mac(l, to + p->eth_src - 6, 0);
}

void load_fill(struct load *l, struct buf *out)
{
	unsigned window = l->plan->window;

	if (l->open > window / 2)
		return;
	while (l->open < window && l->next < l->limit && l->next - l->oldest < l->ring) {
		put_packet_in(l, l->next, out);
		l->sent_at[l->next & (l->ring - 1)] = now;
		l->next++;
		l->open++;
		l->totals->sent++;
	}
}

void load_batches(struct load *l, struct buf *out)
{
	while (l->batch_next - l->batch_oldest < l->plan->depth) {
		for (unsigned i = 0; i < l->plan->window; i++) {
			put_packet_in(l, l->host, out);
			l->host = l->host + 1 < l->plan->hosts ? l->host + 1 : 0;
		}
		size_t at = msg_begin(out, OFPT_ECHO_REQUEST, (uint32_t)l->batch_next);
		buf_u64(out, l->batch_next);
		msg_end(out, at);
		l->batch_at[l->batch_next % LOAD_MAX_DEPTH] = now;
		l->batch_next++;
		l->totals->sent += l->plan->window;
	}
}

void load_resend(struct load *l, struct buf *out)
{
	for (uint32_t seq = l->oldest; seq != l->next; seq++) {
		uint64_t *at = &l->sent_at[seq & (l->ring - 1)];
		if (*at && now - *at > l->plan->resend) {
			put_packet_in(l, seq, out);
			*at = now;
			l->totals->resent++;
		}
	}
}

bool load_done(const struct load *l)
{
	return !l->open && l->batch_next == l->batch_oldest;
}

static void answered(struct load *l, const uint8_t *mac)
{
	uint32_t seq = (uint32_t)mac[3] << 16 | get16(mac + 4);
	uint64_t *at = &l->sent_at[seq & (l->ring - 1)];

	if (seq - l->oldest >= l->next - l->oldest || !*at)
		return;
	hist_add(&l->totals->latency, now - *at);
	*at = 0;
	l->open--;
	l->totals->answered++;
	l->totals->last_progress = now;
	while (l->oldest != l->next && !l->sent_at[l->oldest & (l->ring - 1)])
		l->oldest++;
}

static void set_ready(struct load *l)
{
	if (l->ready)
		return;
	l->ready = now;
	l->totals->n_ready++;
	l->totals->last_progress = now;
	hist_add(&l->totals->ready, now - l->start);
}

static void on_flow_mod(struct fswitch *sw, const uint8_t *msg, size_t size)
{
	struct load *l = (struct load *)sw;
	size_t end = FM_MATCH + get16(msg + FM_MATCH + 2);

	if (!l->next) {
		l->totals->last_row = now;
		if (!l->plan->punt_miss)
			punt_learn(&l->punt, msg, size, l->plan->punt_table);
		return;
	}
	if (msg[FM_COMMAND] > OFPFC_MODIFY_STRICT || end > size)
		return;
	for (size_t i = FM_MATCH + 4; i + 10 <= end; i += 4U + msg[i + 3]) {
		uint32_t header = get32(msg + i);
		if ((header == OXM_ETH_SRC || header == NXM_ETH_SRC) && is_ours(l, msg + i + 4)) {
			answered(l, msg + i + 4);
			return;
		}
	}
}

static void on_packet_out(struct fswitch *sw, const uint8_t *msg, size_t size)
{
	struct load *l = (struct load *)sw;
	size_t src = PO_ACTIONS + get16(msg + PO_ACTIONS_LEN) + 6U;

	if (l->plan->answer_any && src + 6 <= size && is_ours(l, msg + src))
		answered(l, msg + src);
}

static void on_echo_reply(struct fswitch *sw, const uint8_t *msg, size_t size)
{
	struct load *l = (struct load *)sw;

	/* The reply to a batch tells of all batches before it. */
	if (size < 16 || get64(msg + 8) - l->batch_oldest >= l->batch_next - l->batch_oldest)
		return;
	while (l->batch_oldest <= get64(msg + 8)) {
		hist_add(&l->totals->latency, now - l->batch_at[l->batch_oldest % LOAD_MAX_DEPTH]);
		l->batch_oldest++;
		l->totals->answered += l->plan->window;
	}
	l->totals->last_progress = now;
}

static void on_barrier(struct fswitch *sw)
{
	if (!((struct load *)sw)->plan->ready_features && sw->counts.flow_mods)
		set_ready((struct load *)sw);
}

static void on_features(struct fswitch *sw)
{
	if (((struct load *)sw)->plan->ready_features)
		set_ready((struct load *)sw);
}

const struct fswitch_hooks load_hooks = {
	.flow_mod = on_flow_mod,
	.packet_out = on_packet_out,
	.echo_reply = on_echo_reply,
	.barrier = on_barrier,
	.features = on_features,
};

void load_missing(const struct load *l, char *text, size_t size)
{
	const struct fswitch *s = &l->sw;
	uint64_t at = l->sent_at[l->oldest & (l->ring - 1)];

	if (s->stream.state == STREAM_DEAD)
		snprintf(text, size, "%s: connection lost: %s", s->name, s->stream.why);
	else if (s->stream.state != STREAM_OPEN)
		snprintf(text, size, "%s: %s", s->name,
			 s->stream.state == STREAM_CONNECTING ? "not connected" : "TLS handshake not done");
	else if (!s->got_hello)
		snprintf(text, size, "%s: no HELLO came", s->name);
	else if (!s->got_features)
		snprintf(text, size, "%s: not asked for its features", s->name);
	else if (!l->ready)
		snprintf(text, size, "%s: no barrier behind a row yet (%llu flow-mods)", s->name,
			 (unsigned long long)s->counts.flow_mods);
	else if (!l->punt.found)
		snprintf(text, size, "%s: none of its %llu rows sends to the controller", s->name,
			 (unsigned long long)s->counts.flow_mods);
	else if (l->open)
		snprintf(text, size, "%s: %u PACKET_INs unanswered, the oldest of host %u, %.3f s ago", s->name, l->open,
			 l->oldest, (double)(now - at) / 1e9);
	else
		snprintf(text, size, "%s: %u batches without echo reply", s->name,
			 (unsigned)(l->batch_next - l->batch_oldest));
	if (s->counts.errors) {
		size_t n = strlen(text);
		snprintf(text + n, size - n, "; it sent %s", s->error);
	}
}
