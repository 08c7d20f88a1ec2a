/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_book: a ledger, rows of each kind for it, and a switch that takes what it gives out. */
#ifndef TESTS_LEDGER_BOOK_H
#define TESTS_LEDGER_BOOK_H

#include "corpus.h"
#include "ofproto/ledger.h"
#include "ofproto/wire.h"

enum { APP = 3, OTHER = 4, MSG = 2048 };
struct book {
	struct build *b;
	struct ledger *l;
	uint32_t xid;
};
int book_up(void **state);
int book_down(void **state);
/* A row of table 60: priority = key, version = what it does. */
struct rule book_flow_of(struct book *f, uint64_t cookie, uint16_t key, uint32_t version);
struct rule book_flow(struct book *f, uint16_t key, uint32_t version);
struct rule book_group(struct book *f, uint32_t n, uint16_t weight);
void book_want(struct book *f, struct rule r);
void book_unwant(struct book *f, struct rule r);
struct row *book_find(struct book *f, struct rule r);
void book_send_one(struct book *f, enum phase phase);
void book_send_all(struct book *f);
void book_settle(struct book *f);
struct ledger_counts book_counts(struct book *f);
size_t book_message(struct book *f, enum phase phase, uint8_t *buf);

#endif
