/* SPDX-License-Identifier: Apache-2.0 */
/* history: the files that came into force, as revisions, in a folder of their own.
 *
 * A revision is one file NUMBER.rev: a head (number, time, who, SHA-256, size) and the
 * text. It is written in two steps, for a change is in force when the topology file was
 * replaced, neither before nor after: history_prepare puts all of it on the disk under
 * the name "next"; history_commit gives it its number. What a crash leaves as "next" came
 * into force if the topology file has that text, else never: history_recover.
 *
 * Files there that are torn, damaged or somebody else's are left alone, and told. */
#ifndef CONTROLLER_HISTORY_H
#define CONTROLLER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ofproto/digest.h"

enum {
	HISTORY_KEPT = 100,                     /* revisions; the oldest go */
	HISTORY_MAX_TEXT = 16 << 20,            /* bytes of one, as of a topology file */
	HISTORY_MAX_BYTES = 256 << 20,          /* of all; the newest two stay in any case */
};
#define HISTORY_NOBODY UINT32_MAX               /* no user id */

/* What brought it into force. */
#define HISTORY_SOURCES \
	SOURCE(START, "start", "weftd started with it") \
	SOURCE(APPLY, "apply", "`weft apply`") \
	SOURCE(RELOAD, "reload", "`weft reload` or SIGHUP") \
	SOURCE(EDIT, "edit", "the file was changed on the disk") \
	SOURCE(ROLLBACK, "rollback", "`weft rollback`") \
	SOURCE(UNCONFIRMED, "unconfirmed", "nobody confirmed the one before: weftd went back by itself")
enum history_source {
#define SOURCE(NAME, WORD, HELP) HISTORY_##NAME,
	HISTORY_SOURCES
#undef SOURCE
	N_HISTORY_SOURCES
};
const char *history_source_word(enum history_source);

struct revision {
	uint32_t number;                        /* from 1; 0 = none */
	uint32_t of;                            /* going back: the revision whose text it has; 0 = it is no going back */
	uint32_t uid;                           /* who asked; HISTORY_NOBODY = nobody that is known */
	enum history_source source;
	uint64_t wall_ms;                       /* since 1970 */
	uint64_t size;                          /* bytes of the text */
	char digest[DIGEST_TEXT];               /* SHA-256 of the text */
	char message[240];                      /* one line; "" = none */
};

struct history;

/* Looks at what is there; a folder that cannot be made or read is told as a problem. */
struct history *history_new(const char *folder);
void history_free(struct history *);
const char *history_folder(const struct history *);
/* False: the folder is not there, or another weftd's. Nothing in it may be touched then. */
bool history_is_ours(const struct history *);

/* digest: of the topology file's text, null = it cannot be read. What a crash left half
 * done is completed or forgotten; true when it was completed. Once, before anything else. */
bool history_recover(struct history *, const char *digest);

/* Null, and number, size and digest filled in; or a sentence (static), and nothing is kept.
 * What was prepared before is forgotten. */
const char *history_prepare(struct history *, struct revision *, const char *text, size_t size);
void history_discard(struct history *);
/* Null or a sentence: it is not certain to be there after a crash. */
const char *history_commit(struct history *);

/* By age, the oldest first; pointers until the next commit. */
size_t history_n(const struct history *);
const struct revision *history_at(const struct history *, size_t i);
const struct revision *history_find(const struct history *, uint32_t number);    /* or null */
const struct revision *history_last(const struct history *);                     /* or null */
/* The number that the next one gets. */
uint32_t history_next_number(const struct history *);
/* Its text, checked against its digest; heap. Null and a sentence (static). */
char *history_text(struct history *, uint32_t number, size_t *ret_size, const char **ret_error);

/* What is wrong with the folder, as a sentence, or null. */
const char *history_problem(const struct history *);

#endif
