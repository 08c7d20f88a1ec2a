/* SPDX-License-Identifier: Apache-2.0 */
/* Loops between edge ports.
 *
 * A MAC that flaps is a suspicion and costs nothing to see: its moves are learned
 * anyway. Then, and only then, a probe leaves by each port where it was:
 *
 *     0  destination, source, 88b5 (IEEE Std 802, 9.2: local experiments)
 *    14  "weft loop" 0 0 0
 *    26  milliseconds of our clock, 64 bits
 *    34  slot of the sending switch, 32 bits
 *    38  the sending port, 32 bits
 *    42  network id, 32 bits
 *    46  signature over all that, 16 bytes
 *
 * with the tag of the port in that network. Where it comes in again there is a loop, and
 * one of its two ends is closed. A host that gets one does not know its type and drops
 * it. Without an answer - something on the way lets no probe pass, or two machines have
 * one MAC - flapping that goes on is proof enough.
 *
 * Before a quarantine ends, a probe leaves by the port that is closed. Rows of probes
 * stand before those of quarantines, so it is seen when the loop is still there, and
 * then the port stays closed: a loop that nobody mends is not opened again and again. */
#include <string.h>

#include "apps/loop.h"
#include "apps/own_frame.h"

enum {
	AT_TYPE = 12, AT_MAGIC = 14, AT_TIME = 26, AT_SW = 34, AT_PORT = 38, AT_NETWORK = 42, AT_SIGN = 46, AT_END = 62,
	FRAME = 64, TAG = 4,
	GOOD_MS = 5000,                 /* a probe is news for so long */
	ALONE_MS = 1500,                /* flapping is proof when probes had so long to come back ... */
	GOES_ON_MS = 1000,              /* ... and it has not ended since */
};

const uint8_t loop_dst[6] = { 0x03, 0x77, 0x65, 0x66, 0x74, 0x02 };
static const uint8_t magic[12] = "weft loop";

static void send_probe(const struct scene *scene, struct view_place place, uint32_t network_id, struct reply *reply)
{
	const struct view_port *port = view_port(scene->view, place.sw, place.ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	uint8_t frame[FRAME + TAG] = { 0 };
	size_t size = FRAME;
	if (!use || !use->loop_guard || !port->up || !view_switch(scene->view, place.sw)->connected)
		return;
	uint16_t tag = use->tag;
	memcpy(frame, loop_dst, 6);
	frame[6] = 0x02;
	own_put(frame + AT_TYPE, 0x88b5, 2);
	memcpy(frame + AT_MAGIC, magic, sizeof magic);
	own_put(frame + AT_TIME, scene->now_ms, 8);
	own_put(frame + AT_SW, place.sw, 4);
	own_put(frame + AT_PORT, place.ofport, 4);
	own_put(frame + AT_NETWORK, network_id, 4);
	scene->sign(scene->sign_ctx, frame, AT_SIGN, frame + AT_SIGN);
	if (tag != NET_UNTAGGED) {
		memmove(frame + AT_TYPE + TAG, frame + AT_TYPE, FRAME - AT_TYPE);
		own_put(frame + AT_TYPE, 0x81000000u | tag, TAG);
		size += TAG;
	}
	reply->send(reply->ctx, place.sw, &place.ofport, 1, frame, size);
}

bool loop_is_probe(const struct app_punt *punt)
{
	return punt->size >= sizeof loop_dst && !memcmp(punt->frame, loop_dst, sizeof loop_dst);
}

/* Takes the tag off; false when it is none of ours, or an old one. */
static bool read_probe(const struct scene *scene, const struct app_punt *punt, uint8_t frame[AT_END], uint16_t *ret_tag)
{
	uint8_t sign[16];
	size_t tag = punt->size >= AT_END + TAG && own_get(punt->frame + AT_TYPE, 2) == 0x8100 ? TAG : 0;
	if (punt->size < AT_END + tag)
		return false;
	*ret_tag = tag ? own_get(punt->frame + AT_TYPE + 2, 2) & 0xfff : NET_UNTAGGED;
	memcpy(frame, punt->frame, AT_TYPE);
	memcpy(frame + AT_TYPE, punt->frame + AT_TYPE + tag, AT_END - AT_TYPE);
	scene->sign(scene->sign_ctx, frame, AT_SIGN, sign);
	return own_is_sign(sign, frame + AT_SIGN) && !memcmp(frame + AT_MAGIC, magic, sizeof magic)
		&& scene->now_ms - own_get(frame + AT_TIME, 8) <= GOOD_MS;
}

static void quarantine(const struct scene *scene, uint32_t network_id, struct view_place place, struct view_place other,
		       const uint8_t *mac, struct reply *reply)
{
	struct fact fact = {
		.kind = FACT_QUARANTINE, .reason = mac ? REASON_FLAPS : REASON_LOOP, .sw = place.sw, .ofport = place.ofport,
		.network = network_id, .old_sw = other.sw, .old_ofport = other.ofport, .time_ms = scene->now_ms,
	};
	if (mac)
		memcpy(fact.mac, mac, 6);
	reply->fact(reply->ctx, &fact);
}

void loop_packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	struct view_place in = { punt->sw, punt->in_port }, chosen;
	uint8_t frame[AT_END];
	uint16_t tag;
	if (!read_probe(scene, punt, frame, &tag))
		return;
	struct view_place out = { (uint32_t) own_get(frame + AT_SW, 4), (uint32_t) own_get(frame + AT_PORT, 4) };
	uint32_t network_id = (uint32_t) own_get(frame + AT_NETWORK, 4);
	const struct view_port *port = view_port(scene->view, in.sw, in.ofport), *from = view_port(scene->view, out.sw, out.ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL, *sent = from ? view_use(from, network_id) : NULL;
	/* A cable into another network is no loop. */
	if (!use || !sent || use->tag != tag)
		return;
	if (view_quarantine_is_ending(sent, scene->now_ms))
		chosen = out;
	/* One end that is closed already is no loop any more. */
	else if (!view_use_is_open(scene->view, use) || !view_use_is_open(scene->view, sent)
		 || !view_loop_choose(scene->view, network_id, in, out, &chosen))
		return;
	bool is_in = chosen.sw == in.sw && chosen.ofport == in.ofport;
	quarantine(scene, network_id, chosen, is_in ? out : in, NULL, reply);
}

/* When it is suspect, and at twice as many returns, and so on: frames that circle are fast. */
void loop_greet(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	bool is_move = fact->kind == FACT_HOST && fact->was_known && fact->old_sw != NET_NONE;
	if (!is_move && (fact->kind != FACT_HOST_REFUSED || fact->reason != REASON_STANDS))
		return;
	const struct view_flap *flap = view_flap(scene->view, fact->network, fact->mac);
	if (!flap || flap->n_returns < VIEW_FLAP_SUSPECT || flap->n_returns & (flap->n_returns - 1)
	    || flap->last_ms != scene->now_ms)
		return;
	for (size_t i = 0; i < flap->n_at; i++)
		send_probe(scene, flap->at[i], flap->network, reply);
}

static void judge_flaps(const struct scene *scene, uint32_t sw, struct reply *reply)
{
	static const struct view_place nowhere = { NET_NONE, 0 };
	for (size_t i = 0; view_flaps(scene->view, scene->now_ms) && i < VIEW_FLAPS; i++) {
		const struct view_flap *flap = view_flap_at(scene->view, i);
		struct view_place place;
		if (!flap || !view_flap_is_suspect(flap, scene->now_ms) || scene->now_ms - flap->last_ms > GOES_ON_MS)
			continue;
		for (size_t k = 0; k < flap->n_at; k++)
			if (flap->at[k].sw == sw)
				send_probe(scene, flap->at[k], flap->network, reply);
		if (flap->n_returns < VIEW_FLAP_PROOF || scene->now_ms - flap->suspect_ms < ALONE_MS
		    || !view_flap_choose(scene->view, flap, &place) || place.sw != sw)
			continue;
		uint8_t mac[6];
		memcpy(mac, flap->mac, 6);
		quarantine(scene, flap->network, place, nowhere, mac, reply);
	}
}

static void end_quarantines(const struct scene *scene, const struct view_switch *vs, struct reply *reply)
{
	for (size_t p = 0; vs->n_quarantined && p < vs->n_ports; p++)
		for (size_t u = 0; u < vs->ports[p].n_uses; u++) {
			const struct view_use *use = &vs->ports[p].uses[u];
			struct fact fact = {
				.kind = FACT_QUARANTINE_OVER, .sw = vs->sw, .ofport = vs->ports[p].ofport, .network = use->id,
				.old_sw = NET_NONE, .time_ms = scene->now_ms,
			};
			if (use->quarantine.on && scene->now_ms >= use->quarantine.until_ms)
				reply->fact(reply->ctx, &fact);
			else if (view_quarantine_is_ending(use, scene->now_ms))
				send_probe(scene, (struct view_place) { vs->sw, vs->ports[p].ofport }, use->id, reply);
		}
}

void loop_tick(const struct scene *scene, uint32_t sw, struct reply *reply)
{
	end_quarantines(scene, view_switch(scene->view, sw), reply);
	judge_flaps(scene, sw, reply);
}
