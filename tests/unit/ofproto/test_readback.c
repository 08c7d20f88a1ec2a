/* SPDX-License-Identifier: Apache-2.0 */
/* What is built, told by a switch and read back is the same rule: the whole
 * corpus through the library's own encoding of multipart replies, and pieces of
 * them that are cut, stretched or changed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "corpus.h"
#include "ofproto/canon.h"
#include "ofproto/readback.h"
#include "ofproto/wire.h"

struct told {
	struct ovs_list replies;        /* the multipart reply, of one kind */
};

/* The last message of the reply as bytes of their own. */
static uint8_t *told_bytes(const struct told *t, size_t *ret_size)
{
	struct ofpbuf *b = ofpbuf_from_list(ovs_list_back(&t->replies));
	uint8_t *msg;

	ofpmsg_update_length(b);
	msg = malloc(b->size);
	memcpy(msg, b->data, b->size);
	*ret_size = b->size;
	return msg;
}

static void told_begin(struct told *t, struct ofpbuf *request)
{
	ofpmp_init(&t->replies, request->data);
	ofpbuf_delete(request);
}

static void tell_flow(struct told *t, const struct rule *rule)
{
	struct ofputil_flow_stats_request all = {.table_id = OFPTT_ALL, .out_port = OFPP_ANY, .out_group = OFPG_ANY};
	struct ofputil_flow_stats fs = {
		.cookie = htobe64(rule_cookie(rule)),
		.table_id = rule_table(rule),
		.priority = rule_priority(rule),
		.idle_timeout = rule_idle_timeout(rule),
		.duration_sec = 77,
		.packet_count = 5,
		.byte_count = 500,
		.idle_age = -1,
		.hard_age = -1,
		.flags = wire_u16(rule->msg + FLOW_FLAGS) & FLOW_SEND_REM ? OFPUTIL_FF_SEND_FLOW_REM : 0,
	};
	struct ofpbuf ofpacts;

	match_init_catchall(&all.match);
	told_begin(t, ofputil_encode_flow_stats_request(&all, OFPUTIL_P_OF13_OXM));
	ofpbuf_init(&ofpacts, 512);
	assert_int_equal(canon_decode(rule, &fs.match, &ofpacts), 0);
	fs.ofpacts = ofpacts.data;
	fs.ofpacts_len = ofpacts.size;
	ofputil_append_flow_stats_reply(&fs, &t->replies, NULL);
	ofpbuf_uninit(&ofpacts);
}

static void tell_group(struct told *t, const struct rule *rule)
{
	struct ofputil_group_mod gm;
	struct ofputil_group_desc gd = {0};

	told_begin(t, ofputil_encode_group_desc_request(OFP13_VERSION, OFPG_ALL));
	assert_int_equal(ofputil_decode_group_mod((const struct ofp_header *) rule->msg, &gm), 0);
	gd.type = gm.type;
	gd.group_id = gm.group_id;
	ofputil_append_group_desc_reply(&gd, &gm.buckets, &t->replies);
	ofputil_uninit_group_mod(&gm);
}

static void tell_meter(struct told *t, const struct rule *rule)
{
	struct ofputil_meter_mod mm;
	struct ofpbuf bands;

	told_begin(t, ofputil_encode_meter_request(OFP13_VERSION, OFPUTIL_METER_CONFIG, OFPM13_ALL));
	ofpbuf_init(&bands, 64);
	assert_int_equal(ofputil_decode_meter_mod((const struct ofp_header *) rule->msg, &mm, &bands), 0);
	ofputil_append_meter_config(&t->replies, &mm.meter);
	ofpbuf_uninit(&bands);
}

static void tell(struct told *t, const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_FLOW:
		tell_flow(t, rule);
		break;
	case RULE_GROUP:
		tell_group(t, rule);
		break;
	case RULE_METER:
		tell_meter(t, rule);
		break;
	}
}

struct expect {
	const struct rule *rule;
	unsigned n;
};

static void same(void *ctx, const struct rule *got, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	struct expect *e = ctx;

	e->n++;
	assert_int_equal(got->kind, e->rule->kind);
	assert_true(rule_key_equal(got, e->rule));
	assert_true(rule_digest(got) == rule_digest(e->rule));
	assert_int_equal(got->size, e->rule->size);
	assert_memory_equal(got->msg, e->rule->msg, got->size);
	if (got->kind == RULE_FLOW) {
		assert_int_equal(n_packets, 5);
		assert_int_equal(n_bytes, 500);
		assert_int_equal(duration, 77);
	}
}

static void round_trip(void *ctx, const char *name, const struct rule *rule)
{
	struct expect e = {.rule = rule};
	unsigned *n = ctx;
	struct told t;
	size_t size;
	uint8_t *msg;
	const char *error;

	tell(&t, rule);
	msg = told_bytes(&t, &size);
	error = readback_decode(msg, size, same, &e);
	if (error || e.n != 1)
		fail_msg("%s: %s, %u entries", name, error ? error : "no error", e.n);
	++*n;
	free(msg);
	ofpbuf_list_delete(&t.replies);
}

static void test_round_trip(void **state)
{
	unsigned n = 0;

	(void) state;
	corpus(round_trip, &n);
	assert_true(n > 90);
}

/* The heads are ours, the rest the library's: the library's own encoder for the
 * whole message must agree. */
static void encode_agrees(void *ctx, const char *name, const struct rule *rule)
{
	struct ofputil_flow_mod fm = {0};
	struct ofputil_group_mod gm;
	struct ofputil_meter_mod mm;
	struct ofpbuf ofpacts, *msg = NULL;

	(void) ctx;
	ofpbuf_init(&ofpacts, 512);
	switch (rule->kind) {
	case RULE_FLOW:
		assert_int_equal(ofputil_decode_flow_mod(&fm, (const struct ofp_header *) rule->msg,
							 OFPUTIL_P_OF13_OXM, NULL, NULL, &ofpacts,
							 OFPP_MAX, 254), 0);
		msg = ofputil_encode_flow_mod(&fm, OFPUTIL_P_OF13_OXM);
		minimatch_destroy(&fm.match);
		break;
	case RULE_GROUP:
		assert_int_equal(ofputil_decode_group_mod((const struct ofp_header *) rule->msg, &gm), 0);
		msg = ofputil_encode_group_mod(OFP13_VERSION, &gm, NULL, -1);
		ofputil_uninit_group_mod(&gm);
		break;
	case RULE_METER:
		assert_int_equal(ofputil_decode_meter_mod((const struct ofp_header *) rule->msg, &mm, &ofpacts), 0);
		msg = ofputil_encode_meter_mod(OFP13_VERSION, &mm);
		break;
	}
	ofpmsg_update_length(msg);
	wire_put_u32((uint8_t *) msg->data + WIRE_XID, 0);
	if (msg->size != rule->size || memcmp(msg->data, rule->msg, msg->size))
		fail_msg("%s: the library encodes it otherwise", name);
	ofpbuf_delete(msg);
	ofpbuf_uninit(&ofpacts);
}

static void test_encode_agrees(void **state)
{
	(void) state;
	corpus(encode_agrees, NULL);
}

/* --- malformed ------------------------------------------------------------------------ */

static void ignore(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	char text[4096];

	(void) ctx, (void) n_packets, (void) n_bytes, (void) duration;
	rule_format(rule, text, sizeof(text));
	assert_true(rule_digest(rule) != 0);
}

/* Cut at every length with the header's length corrected: an error, or a whole
 * number of entries; never a crash (run with a sanitizer). Then every byte changed. */
static void damage(void *ctx, const char *name, const struct rule *rule)
{
	struct told t;
	size_t size;
	uint8_t *msg;

	(void) ctx, (void) name;
	tell(&t, rule);
	msg = told_bytes(&t, &size);
	ofpbuf_list_delete(&t.replies);
	for (size_t cut = 0; cut < size && size < 1000; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		const char *error;

		memcpy(copy, msg, cut);
		if (cut >= 4)
			wire_put_u16(copy + WIRE_LENGTH, (uint16_t) cut);
		error = readback_decode(copy, cut, ignore, NULL);
		if (cut != 16)
			assert_non_null(error);
		free(copy);
	}
	for (size_t at = 16; at < size && size < 1000; at++) {
		static const uint8_t flips[] = {0x01, 0x80, 0xff};

		for (size_t i = 0; i < sizeof(flips); i++) {
			msg[at] ^= flips[i];
			readback_decode(msg, size, ignore, NULL);
			msg[at] ^= flips[i];
		}
	}
	free(msg);
}

static void test_damage(void **state)
{
	(void) state;
	corpus(damage, NULL);
}

/* An action of another vendor, in a row that is not ours: kept as it is. */
static void foreign(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	(void) n_packets, (void) n_bytes, (void) duration;
	++*(unsigned *) ctx;
	assert_false(rule_is_ours(rule));
	assert_int_equal(rule_table(rule), 9);
	assert_int_equal(rule_priority(rule), 0x1234);
	assert_int_equal(rule->size, 48 + 8 + 24);
}

static void test_beyond_the_library(void **state)
{
	uint8_t msg[16 + 56 + 24] __attribute__((aligned(8))) = {4, 19, 0, sizeof(msg)};
	uint8_t *entry = msg + 16, *instruction = entry + 56;
	unsigned n = 0;

	(void) state;
	wire_put_u16(msg + 8, 1);
	wire_put_u16(entry, 56 + 24);
	entry[2] = 9;
	wire_put_u16(entry + 12, 0x1234);
	wire_put_u64(entry + 24, 0x1122);
	wire_put_u16(entry + 48, 1);
	wire_put_u16(entry + 50, 4);
	wire_put_u16(instruction, 4);
	wire_put_u16(instruction + 2, 24);
	wire_put_u16(instruction + 8, 0xffff);
	wire_put_u16(instruction + 10, 16);
	wire_put_u32(instruction + 12, 0x00abcdef);
	assert_null(readback_decode(msg, sizeof(msg), foreign, &n));
	assert_int_equal(n, 1);
	wire_put_u16(instruction + 10, 24);
	assert_non_null(readback_decode(msg, sizeof(msg), foreign, &n));
	assert_int_equal(n, 1);
}

static void test_not_for_us(void **state)
{
	uint8_t msg[16] __attribute__((aligned(8))) = {4, 19, 0, 16, 0, 0, 0, 0, 0, 1};

	(void) state;
	assert_null(readback_decode(msg, sizeof(msg), ignore, NULL));   /* no entries */
	msg[9] = 3;
	assert_non_null(readback_decode(msg, sizeof(msg), ignore, NULL));
	msg[9] = 1;
	msg[0] = 5;
	assert_non_null(readback_decode(msg, sizeof(msg), ignore, NULL));
	msg[0] = 4;
	assert_non_null(readback_decode(msg, 15, ignore, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_encode_agrees),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_beyond_the_library),
		cmocka_unit_test(test_not_for_us),
	};

	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
