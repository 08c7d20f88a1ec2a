/* SPDX-License-Identifier: Apache-2.0 */
/* A switch may answer anything. The input is a multipart reply without its
 * version, type and length, which are put right, so that the fuzzer gets inside.
 * Every rule that comes out must be whole: it is keyed, hashed, printed, put
 * into a ledger, deleted by message and walked through. */
#include <stdlib.h>
#include <string.h>

#include "ofproto/build.h"
#include "ofproto/ledger.h"
#include "ofproto/ovs.h"
#include "ofproto/readback.h"
#include "ofproto/walk.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 4096 };

struct input {
	struct ledger *ledger;
	struct walk_switch *sw;
};

static void check(int fine)
{
	if (!fine)
		abort();
}

static void take(void *ctx, const struct rule *rule, uint64_t n_packets, uint64_t n_bytes, uint32_t duration)
{
	struct input *in = ctx;
	const struct row *row;
	char text[512];
	uint64_t value;

	check(rule->size >= 16 && rule->size % 8 == 0);
	check(rule_key_equal(rule, rule) && rule_digest(rule) != 0);
	rule_format(rule, text, sizeof(text));
	check(text[0] != '\0');
	for (int f = 0; f < N_FIELDS; f++) {
		rule_match_u(rule, (enum field) f, &value);
		rule_set_u(rule, (enum field) f, &value);
	}
	ledger_read_row(in->ledger, rule, n_packets, n_bytes, duration);
	row = ledger_find(in->ledger, rule);
	check(row != NULL);
	if (row->dirty) {
		uint8_t *msg = malloc(ledger_message_size(row));

		check(ledger_message(row, msg, 1) <= row->size);
		free(msg);
	}
	walk_switch_add(in->sw, rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
	static struct walk *walk;
	static uint8_t msg[MAX] __attribute__((aligned(8)));
	struct input in;

	if (!walk) {
		walk = walk_new();
		vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	}
	if (size > MAX - 4)
		return 0;
	memcpy(msg + 4, data, size);
	size += 4;
	msg[0] = 4;
	msg[1] = 19;
	msg[2] = (uint8_t) (size >> 8);
	msg[3] = (uint8_t) size;
	in.ledger = ledger_new();
	in.sw = walk_switch_new();
	ledger_read_begin(in.ledger, LEDGER_ALL);
	readback_decode(msg, size, take, &in);
	ledger_read_end(in.ledger);
	walk_frame(in.sw, walk, 1, frame, sizeof(frame), 0, 0);
	ledger_free(in.ledger);
	walk_switch_free(in.sw);
	return 0;
}
