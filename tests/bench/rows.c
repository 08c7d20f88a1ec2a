/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fake switch remembers: flows, groups and meters, as the messages that made them.
 *
 * A controller that audits reads back what it wrote, so the rows must be there; but the generator must not pay
 * for that per learned host. Taking a message only appends it to a log, and a look plays the log into an index.
 * Not checked: overlap, capacity, whether groups that flows name exist. Two matches are the same when their
 * bytes are: a controller writes the same row the same way each time.
 */
#include "rows.h"

enum { REPLY_MAX = 60 * 1024 };

void rows_uninit(struct rows *r)
{
	buf_free(&r->log);
	free(r->entries);
	free(r->index);
	*r = (struct rows){0};
}

static size_t match_size(const uint8_t *flow_mod)
{
	return get16(flow_mod + FM_MATCH + 2);
}

/* A message is well-formed as far as this file reads it. */
static bool row_ok(const uint8_t *msg, size_t size)
{
	if (msg[1] != OFPT_FLOW_MOD)
		return size >= 16;
	return size >= FM_MATCH + 8 && match_size(msg) >= 4 && FM_MATCH + pad8(match_size(msg)) <= size;
}

/* The key: table, priority and match of a flow; id of a group or meter. */
static uint32_t key_hash(const uint8_t *msg)
{
	uint64_t h = msg[1];

	if (msg[1] != OFPT_FLOW_MOD) {
		h = (h << 32 | get32(msg + 12)) * UINT64_C(0x9e3779b97f4a7c15);
		return (uint32_t)(h >> 32);
	}
	h = h << 24 | (uint64_t)msg[FM_TABLE] << 16 | get16(msg + FM_PRIORITY);
	for (size_t n = pad8(match_size(msg)), i = 0; i < n; i += 8)
		h = (h ^ get64(msg + FM_MATCH + i)) * UINT64_C(0x9e3779b97f4a7c15), h ^= h >> 29;
	return (uint32_t)(h >> 32);
}

static bool key_equal(const uint8_t *a, const uint8_t *b)
{
	if (a[1] != b[1])
		return false;
	if (a[1] != OFPT_FLOW_MOD)
		return get32(a + 12) == get32(b + 12);
	return a[FM_TABLE] == b[FM_TABLE] && get16(a + FM_PRIORITY) == get16(b + FM_PRIORITY) &&
	       match_size(a) == match_size(b) && !memcmp(a + FM_MATCH, b + FM_MATCH, match_size(a));
}

static void index_add(struct rows *r, size_t entry)
{
	size_t i = r->entries[entry].hash & (r->n_index - 1);

	while (r->index[i])
		i = (i + 1) & (r->n_index - 1);
	r->index[i] = (uint32_t)entry + 1;
}

/* The live entry with this key, or null. */
static struct rows_entry *find(const struct rows *r, const uint8_t *msg, uint32_t hash)
{
	if (!r->n_index)
		return NULL;
	for (size_t i = hash & (r->n_index - 1); r->index[i]; i = (i + 1) & (r->n_index - 1)) {
		struct rows_entry *e = &r->entries[r->index[i] - 1];
		if (e->live && e->hash == hash && key_equal(r->log.data + e->at, msg))
			return e;
	}
	return NULL;
}

static void add(struct rows *r, size_t at, uint32_t hash)
{
	if (r->n_entries == r->cap_entries) {
		r->cap_entries = r->cap_entries ? r->cap_entries * 2 : 64;
		r->entries = realloc(r->entries, r->cap_entries * sizeof *r->entries);
		if (!r->entries)
			abort();
	}
	r->entries[r->n_entries++] = (struct rows_entry){at, hash, true};
	if (r->n_entries * 2 <= r->n_index) {
		index_add(r, r->n_entries - 1);
		return;
	}
	r->n_index = r->n_index ? r->n_index * 2 : 256;
	free(r->index);
	r->index = calloc(r->n_index, sizeof *r->index);
	if (!r->index)
		abort();
	for (size_t i = 0; i < r->n_entries; i++)
		if (r->entries[i].live)
			index_add(r, i);
}

/* One OXM field of `oxm`: the row's match has it too, with the same value where the mask looks. */
static bool field_holds(const uint8_t *oxm, const uint8_t *match, size_t n)
{
	size_t size = oxm[3], width = oxm[2] & 1 ? size / 2 : size;

	for (size_t i = 0; i + 4 <= n; i += 4U + match[i + 3]) {
		const uint8_t *have = match + i;
		size_t have_width = have[2] & 1 ? have[3] / 2U : have[3];

		if (have[0] != oxm[0] || have[1] != oxm[1] || have[2] >> 1 != oxm[2] >> 1 || have_width != width ||
		    i + 4 + have[3] > n)
			continue;
		for (size_t b = 0; b < width; b++) {
			uint8_t mask = oxm[2] & 1 ? oxm[4 + width + b] : 0xff;
			uint8_t have_mask = have[2] & 1 ? have[4 + width + b] : 0xff;
			if ((mask & have_mask) != mask || ((oxm[4 + b] ^ have[4 + b]) & mask))
				return false;
		}
		return true;
	}
	return false;
}

/* Section 6.4 of the standard: non-strict selection; `match` is a struct ofp_match of `n` bytes in all. */
static bool selected(const uint8_t *row, uint8_t table, uint64_t cookie, uint64_t mask, const uint8_t *match, size_t n)
{
	if (row[1] != OFPT_FLOW_MOD || (table != OFPTT_ALL && row[FM_TABLE] != table) ||
	    ((get64(row + FM_COOKIE) ^ cookie) & mask))
		return false;
	for (size_t i = 4; i + 4 <= n && i + 4 + match[i + 3] <= n; i += 4U + match[i + 3])
		if (!field_holds(match + i, row + FM_MATCH + 4, match_size(row) - 4))
			return false;
	return true;
}

/* MODIFY keeps cookie, timeouts and counters: put the old ones into the new message. */
static void modify(struct rows *r, struct rows_entry *e, size_t at)
{
	uint8_t *new = r->log.data + at;
	const uint8_t *old = r->log.data + e->at;

	memcpy(new + FM_COOKIE, old + FM_COOKIE, 8);
	memcpy(new + FM_IDLE, old + FM_IDLE, 4);
	memcpy(new + FM_FLAGS, old + FM_FLAGS, 2);
	e->at = at;
}

static void apply_flow(struct rows *r, size_t at)
{
	uint8_t *msg = r->log.data + at;
	uint32_t hash = key_hash(msg);
	struct rows_entry *e = find(r, msg, hash);

	switch (msg[FM_COMMAND]) {
	case OFPFC_ADD:
		if (e)
			e->at = at;
		else
			add(r, at, hash);
		return;
	case OFPFC_MODIFY: /* as strict: the bench's controllers never widen a modification */
	case OFPFC_MODIFY_STRICT:
		if (e)
			modify(r, e, at);
		return;
	case OFPFC_DELETE_STRICT:
		if (e && !((get64(r->log.data + e->at + FM_COOKIE) ^ get64(msg + FM_COOKIE)) &
			   get64(msg + FM_COOKIE_MASK)))
			e->live = false;
		return;
	default:
		for (size_t i = 0; i < r->n_entries; i++)
			if (r->entries[i].live &&
			    selected(r->log.data + r->entries[i].at, msg[FM_TABLE], get64(msg + FM_COOKIE),
				     get64(msg + FM_COOKIE_MASK), msg + FM_MATCH, match_size(msg)))
				r->entries[i].live = false;
	}
}

/* GROUP_MOD and METER_MOD: command in bytes 8-9 (0 add, 1 modify, 2 delete), id in bytes 12-15. */
static void apply_id(struct rows *r, size_t at)
{
	const uint8_t *msg = r->log.data + at;
	uint32_t hash = key_hash(msg), all = msg[1] == OFPT_GROUP_MOD ? OFPG_ALL : OFPM_ALL;
	struct rows_entry *e = find(r, msg, hash);

	if (get16(msg + 8) < 2) {
		if (e)
			e->at = at;
		else
			add(r, at, hash);
	} else if (get32(msg + 12) != all) {
		if (e)
			e->live = false;
	} else {
		for (size_t i = 0; i < r->n_entries; i++)
			if (r->log.data[r->entries[i].at + 1] == msg[1])
				r->entries[i].live = false;
	}
}

static void catch_up(struct rows *r)
{
	while (r->applied < r->log.n) {
		const uint8_t *msg = r->log.data + r->applied;
		size_t size = get16(msg + 2), at = r->applied;

		r->applied += size;
		if (!row_ok(msg, size))
			continue;
		if (msg[1] == OFPT_FLOW_MOD)
			apply_flow(r, at);
		else
			apply_id(r, at);
	}
}

size_t rows_count(struct rows *r, uint8_t type)
{
	size_t n = 0;

	catch_up(r);
	for (size_t i = 0; i < r->n_entries; i++)
		n += r->entries[i].live && r->log.data[r->entries[i].at + 1] == type;
	return n;
}

/* ofp_flow_stats: the 48 bytes before the match are other ones than in a FLOW_MOD, the rest is the same. */
static void put_flow(struct buf *out, const uint8_t *msg, size_t size)
{
	buf_u16(out, (uint16_t)size);
	buf_u8(out, msg[FM_TABLE]);
	buf_u8(out, 0);
	buf_u32(out, 1); /* seconds since it was made */
	buf_u32(out, 0);
	buf_put(out, msg + FM_PRIORITY, 2);
	buf_put(out, msg + FM_IDLE, 4);
	buf_put(out, msg + FM_FLAGS, 2);
	buf_zero(out, 4);
	buf_put(out, msg + FM_COOKIE, 8);
	buf_zero(out, 16); /* packets, bytes */
	buf_put(out, msg + FM_MATCH, size - FM_MATCH);
}

/* ofp_group_desc and ofp_meter_config: length, then type or flags, id, body as in the MOD. */
static void put_id(struct buf *out, const uint8_t *msg, size_t size)
{
	buf_u16(out, (uint16_t)(size - 8));
	buf_put(out, msg + 10, size - 10);
}

static size_t reply_begin(struct buf *out, const uint8_t *request)
{
	size_t at = msg_begin(out, OFPT_MULTIPART_REPLY, get32(request + 4));
	buf_put(out, request + 8, 2);
	buf_zero(out, 6);
	return at;
}

static bool wanted(const uint8_t *row, uint16_t part, const uint8_t *req, size_t size)
{
	switch (part) {
	case OFPMP_FLOW: /* table at 16, cookie at 32, mask at 40, match at 48 */
		if (size < 56 || 48U + get16(req + 50) > size)
			return selected(row, OFPTT_ALL, 0, 0, NULL, 0);
		return selected(row, req[16], get64(req + 32), get64(req + 40), req + 48, get16(req + 50));
	case OFPMP_GROUP_DESC:
		return row[1] == OFPT_GROUP_MOD;
	default:
		return row[1] == OFPT_METER_MOD &&
		       (size < 24 || get32(req + 16) == OFPM_ALL || get32(req + 16) == get32(row + 12));
	}
}

void rows_dump(struct rows *r, const uint8_t *req, size_t size, struct buf *out)
{
	uint16_t part = get16(req + 8);
	size_t at = reply_begin(out, req);

	catch_up(r);
	for (size_t i = 0; i < r->n_entries; i++) {
		const uint8_t *row = r->log.data + r->entries[i].at;
		size_t row_size = get16(row + 2);

		if (!r->entries[i].live || !wanted(row, part, req, size))
			continue;
		if (out->n - at + row_size > REPLY_MAX) {
			put16(out->data + at + 10, 1); /* OFPMPF_REPLY_MORE */
			msg_end(out, at);
			at = reply_begin(out, req);
		}
		if (part == OFPMP_FLOW)
			put_flow(out, row, row_size);
		else
			put_id(out, row, row_size);
	}
	msg_end(out, at);
}
