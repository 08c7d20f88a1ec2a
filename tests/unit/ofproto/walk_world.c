/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ofproto/walk_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

const uint8_t host_a[6] = {2, 0, 0, 0, 0, 0xa}, host_b[6] = {2, 0, 0, 0, 0, 0xb};

int walked_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->b = build_new(corpus_tables, CORPUS_TABLES);
	f->sw = walk_switch_new();
	f->w = walk_new();
	memcpy(f->frame, host_b, 6);
	memcpy(f->frame + 6, host_a, 6);
	wire_put_u16(f->frame + 12, 0x88b5);
	f->size = 60;
	*state = f;
	return 0;
}

int walked_down(void **state)
{
	struct fixture *f = *state;

	build_free(f->b);
	walk_switch_free(f->sw);
	walk_free(f->w);
	free(f);
	return 0;
}

void walked_begin(struct fixture *f, unsigned table, uint16_t priority) { build_flow(f->b, table, priority, 0); }

struct rule walked_end(struct fixture *f)
{
	const char *error;
	struct rule r;

	error = build_end(f->b, &r);
	if (error)
		fail_msg("%s", error);
	walk_switch_add(f->sw, &r);
	return r;
}

void walked_go(struct fixture *f, uint32_t in_port)
{
	walk_frame(f->sw, f->w, in_port, f->frame, f->size, 0, 0);
	assert_null(f->w->unknown);
	assert_false(f->w->cut);
}

uint32_t walked_one_out(struct fixture *f)
{
	walked_go(f, 1);
	return f->w->n_outs == 1 ? f->w->outs[0].ofport : 0;
}
