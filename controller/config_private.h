/* SPDX-License-Identifier: Apache-2.0 */
/* What config.c (the file on the disk), config_apply.c (changes that are asked for) and
 * config_confirm.c (going back when nobody confirms) share. */
#ifndef CONTROLLER_CONFIG_PRIVATE_H
#define CONTROLLER_CONFIG_PRIVATE_H

#include <limits.h>
#include <sys/types.h>

#include "controller/config.h"
#include "controller/confirm.h"

struct loop_timer;

/* What a path led to. */
struct config_place {
	dev_t folder_dev, dev;
	ino_t folder, inode;            /* inode 0 = there is no regular file */
	bool is_link;
};

struct config {
	struct loop *loop;
	char *file;
	char folder[PATH_MAX], name[NAME_MAX + 1];
	struct net *first;              /* until config_take_net */
	char *model;                    /* the running net as net_print gives it */
	struct diag *findings;          /* of the last load of the file */
	struct diag *refused;           /* of the text that the last apply brought; null = it was taken */
	struct config_state state;
	struct core *core;              /* null until config_start */
	void (*changed)(void *ctx);
	void *ctx;
	int inotify;
	int folder_watch, file_watch;   /* of inotify, -1 = none */
	struct loop_timer *settle;
	struct config_place read, seen;         /* where the file was: at the last reading, at the last look */

	struct history *history;        /* borrowed; may be null */
	char sha256[DIGEST_TEXT];       /* of the text that runs */
	struct confirm waits;           /* revision 0 = nothing does */
	uint64_t deadline_ms;           /* of it, by the loop's clock */
	struct loop_timer *deadline;
	char stuck[PATH_MAX + 200];     /* why going back has not worked; "" = it has, or was not tried */
	char news[1000];                /* what happened before there were events; "" = nothing */
	bool is_bad_news;
};

/* --- config.c */
void config_keep_findings(struct diag **kept, const struct diag **seen, struct diag *take);
/* The net is what runs from now on; text null: it is not known. Before config_start it is what will. */
void config_put(struct config *, struct net *take, const char *text, size_t size, struct diag *take_findings);
/* A file that was loaded is in force: notes when, and what its findings are. */
void config_took(struct config *, const struct net *, const char *text, size_t size, struct diag *take);
/* Its text is the file's now, written by us. */
void config_replaced(struct config *);
/* An event of kind "revision". */
void config_note(struct config *, enum event_severity, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- config_apply.c */
/* A text that is in force already: it becomes a revision, unless it is the last one. */
void config_keep_revision(struct config *, const char *text, size_t size, enum history_source, uint32_t uid);
void config_tell_revision(struct config *, const struct revision *);

/* --- config_confirm.c */
uint64_t config_left_ms(const struct config *);
/* Nothing waits any more; null, or why it still does. */
const char *config_end_wait(struct config *);
/* The text on the disk came into force, while a revision waits. */
void config_edited(struct config *);
/* At the start: what waits, from the disk; digest as for history_recover. */
void config_recover(struct config *, const char *digest);
bool config_is_overdue(const struct config *);
/* Puts the revision before in force; false = it could not be read. Before config_start it is config->first. */
bool config_go_back(struct config *);
void config_await(struct config *);      /* arms the timer, if something waits */

#endif
