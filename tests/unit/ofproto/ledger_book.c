/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ofproto/ledger_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

int book_up(void **state)
{
	struct book *f = calloc(1, sizeof(*f));

	f->b = build_new(corpus_tables, CORPUS_TABLES);
	f->l = ledger_new();
	*state = f;
	return 0;
}

int book_down(void **state)
{
	struct book *f = *state;

	build_free(f->b);
	ledger_free(f->l);
	free(f);
	return 0;
}

struct rule book_flow_of(struct book *f, uint64_t cookie, uint16_t key, uint32_t version)
{
	struct rule r;

	build_flow(f->b, 1, key, cookie);
	match_u(f->b, FIELD_REG0, key);
	act_set_u(f->b, FIELD_REG1, version);
	act_goto(f->b, 2);
	assert_null(build_end(f->b, &r));
	return r;
}

struct rule book_flow(struct book *f, uint16_t key, uint32_t version)
{
	return book_flow_of(f, cookie_make(APP, key), key, version);
}

struct rule book_group(struct book *f, uint32_t n, uint16_t weight)
{
	struct rule r;

	build_group(f->b, GROUP_OURS_FIRST + n, GROUP_SELECT);
	build_bucket(f->b, weight, 0);
	act_output(f->b, 1);
	assert_null(build_end(f->b, &r));
	return r;
}

void book_want(struct book *f, struct rule r) { ledger_want(f->l, APP, &r); }

void book_unwant(struct book *f, struct rule r) { ledger_unwant(f->l, &r); }

struct row *book_find(struct book *f, struct rule r) { return (struct row *) ledger_find(f->l, &r); }

void book_send_one(struct book *f, enum phase phase)
{
	struct row *row = ledger_next(f->l, phase);

	assert_non_null(row);
	ledger_sent(f->l, row, ++f->xid);
}

void book_send_all(struct book *f)
{
	for (int p = 0; p < N_PHASES; p++)
		while (ledger_next(f->l, (enum phase) p))
			book_send_one(f, (enum phase) p);
}

void book_settle(struct book *f)
{
	book_send_all(f);
	ledger_commit(f->l);
	assert_true(ledger_at_rest(f->l));
}

struct ledger_counts book_counts(struct book *f)
{
	struct ledger_counts c;

	ledger_count(f->l, &c);
	return c;
}

size_t book_message(struct book *f, enum phase phase, uint8_t *buf)
{
	const struct row *row = ledger_next(f->l, phase);
	size_t size = ledger_message(row, buf, 0x01020304);

	assert_int_equal(size, ledger_message_size(row));
	assert_true(size <= row->size);
	assert_int_equal(wire_u16(buf + WIRE_LENGTH), size);
	assert_int_equal(wire_u32(buf + WIRE_XID), 0x01020304);
	return size;
}
