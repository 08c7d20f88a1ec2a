/* SPDX-License-Identifier: Apache-2.0 */
/* sync_send: one transaction of dirty rows onto the wire, in the order of phases:
 * make before break.
 *
 *     meters to make   flow-mods alone: a meter cannot ride in a bundle, and a
 *                      refused bundle must not take back what was made outside
 *     groups, flows    one atomic bundle; without bundles a barrier between phases;
 *                      only plain flows: as they are
 *     meters to break  alone, when all else is done: with a meter go its flows
 *
 * What is beyond the bound waits for the next transaction; as later phases wait
 * too, the order holds. Rows are encoded into the output queue in place. */
#include "ofproto/sync_impl.h"

enum shape { SHAPE_PLAIN, SHAPE_BUNDLE, SHAPE_BARRIERS };

static bool is_full(const struct flight *f)
{
	return f->n_rows >= SYNC_MAX_ROWS || f->n_bytes >= SYNC_MAX_BYTES;
}

static void count_row(struct sync *s, const struct row *row)
{
	switch ((enum rule_kind) row->kind) {
	case RULE_METER:
		s->counts.n_meter_mods++;
		break;
	case RULE_GROUP:
		s->counts.n_group_mods++;
		break;
	case RULE_FLOW:
		s->counts.n_flow_mods++;
		break;
	}
}

static void send_row(struct sync *s, struct row *row)
{
	size_t size = ledger_message_size(row);
	uint32_t xid = sync_xid(s);

	ledger_message(row, s->ops->put(s->ctx, size), xid);
	ledger_sent(s->ledger, row, xid);
	count_row(s, row);
	s->flight.n_rows++;
	s->flight.n_bytes += size;
}

static void send_row_in_bundle(struct sync *s, struct row *row)
{
	size_t size = ledger_message_size(row);
	uint32_t xid = sync_xid(s);
	uint8_t *p;

	ledger_sent(s->ledger, row, xid);
	if (MSG_BUNDLE_ADD + size > MSG_MAX) {
		sync_refuse_unsent(s, row);
		return;
	}
	p = s->ops->put(s->ctx, MSG_BUNDLE_ADD + size);
	msg_put_bundle_add(p, xid, s->flight.bundle, size);
	ledger_message(row, p + MSG_BUNDLE_ADD, xid);
	count_row(s, row);
	s->flight.n_rows++;
	s->flight.n_bytes += MSG_BUNDLE_ADD + size;
}

static uint32_t send_barrier(struct sync *s)
{
	uint32_t xid = sync_xid(s);

	msg_put_barrier(s->ops->put(s->ctx, MSG_HEADER), xid);
	return xid;
}

static uint32_t send_bundle_ctrl(struct sync *s, enum msg_bundle_ctrl ctrl)
{
	uint32_t xid = sync_xid(s);

	msg_put_bundle_ctrl(s->ops->put(s->ctx, MSG_BUNDLE_CTRL), xid, s->flight.bundle, ctrl);
	return xid;
}

static void send_phases(struct sync *s, enum phase first, enum phase last, bool barriers)
{
	struct row *row;

	for (enum phase phase = first; phase <= last; phase++) {
		if (barriers && s->flight.n_rows && ledger_next(s->ledger, phase))
			send_barrier(s);
		while (!is_full(&s->flight) && (row = ledger_next(s->ledger, phase)))
			send_row(s, row);
		if (is_full(&s->flight))
			return;
	}
}

static void send_bundle(struct sync *s)
{
	struct flight *f = &s->flight;
	struct row *row;

	f->has_bundle = true;
	f->bundle = ++s->next_bundle;
	s->counts.n_bundles++;
	f->open_xid = send_bundle_ctrl(s, BUNDLE_OPEN);
	for (enum phase phase = PHASE_GROUP_ADD; phase <= PHASE_GROUP_DEL; phase++)
		while (!is_full(f) && (row = ledger_next(s->ledger, phase)))
			send_row_in_bundle(s, row);
	f->commit_xid = send_bundle_ctrl(s, BUNDLE_COMMIT);
}

static enum shape choose_shape(const struct sync *s)
{
	if (ledger_all_plain(s->ledger))
		return SHAPE_PLAIN;
	if (s->without_bundles || s->next_without_bundle)
		return SHAPE_BARRIERS;
	return SHAPE_BUNDLE;
}

static bool has_phase(const struct sync *s, enum phase first, enum phase last)
{
	for (enum phase phase = first; phase <= last; phase++)
		if (ledger_next(s->ledger, phase))
			return true;
	return false;
}

void send_transaction(struct sync *s, uint64_t now_ms)
{
	sync_xid_begin(s);
	s->flight = (struct flight) {
		.first_xid = s->next_xid, .began = now_ms, .deadline = now_ms + ANSWER_MS,
	};
	s->counts.n_transactions++;

	if (has_phase(s, PHASE_METER_ADD, PHASE_METER_ADD)) {
		send_phases(s, PHASE_METER_ADD, PHASE_METER_ADD, false);
	} else if (!has_phase(s, PHASE_GROUP_ADD, PHASE_GROUP_DEL)) {
		send_phases(s, PHASE_METER_DEL, PHASE_METER_DEL, false);
	} else {
		switch (choose_shape(s)) {
		case SHAPE_PLAIN:
			send_phases(s, PHASE_FLOW_ADD, PHASE_FLOW_DEL, false);
			break;
		case SHAPE_BUNDLE:
			send_bundle(s);
			break;
		case SHAPE_BARRIERS:
			send_phases(s, PHASE_GROUP_ADD, PHASE_GROUP_DEL, true);
			break;
		}
	}
	s->flight.barrier_xid = send_barrier(s);
}
