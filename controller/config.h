/* SPDX-License-Identifier: Apache-2.0 */
/* config: the topology file of a running weftd.
 *
 * Loaded at start, on SIGHUP, when the file changes (inotify on it and its folder;
 * links are followed), and by `weft apply`, which replaces the file's text atomically
 * (temporary file, fsync, rename, fsync of the folder) after it was checked: the file
 * is always what runs, or what would run if it had no error. A bad file changes nothing
 * and is remembered with its findings until a good one comes.
 *
 * Every text that comes into force is a revision (history.h). An apply may wait for a
 * confirmation (confirm.h): without one in time the revision before is put in force
 * again, by this weftd or by the one that starts next. */
#ifndef CONTROLLER_CONFIG_H
#define CONTROLLER_CONFIG_H

#include "controller/core.h"
#include "controller/history.h"

struct loop;
struct config;

/* A revision that waits for `weft confirm`. */
struct config_waits {
	uint32_t revision;              /* 0 = none does */
	uint32_t back_to;               /* the one that comes back */
	uint64_t left_ms;
	const char *stuck;              /* time is over, but going back has not worked, and why; else null */
};

struct config_state {
	const char *file;
	char digest[17];                /* of what runs */
	uint64_t loaded_wall_ms;
	bool failed;                    /* the file on disk has errors; the old one runs */
	const struct diag *findings;    /* of the file at its last load: errors, or warnings */
	const struct diag *refused;     /* of the text that was asked for last and not taken; null = it was */
	const char *hint;               /* what to do about the last sentence that was given back */
	uint64_t n_loads, n_failures, n_unchanged;
	uint32_t revision;              /* in force; 0 = it has no number */
	struct config_waits waits;
	const char *problem;            /* the history cannot be kept or read, and why; else null */
};

/* Who asks for a change, and how. */
struct config_asked {
	uint32_t uid;                   /* HISTORY_NOBODY = not known */
	const char *message;            /* one line, or null */
	uint32_t confirm_s;             /* go back after so many seconds without a confirmation; 0 = stay */
};

/* Loads the file for the first time. Without a history (null; borrowed) nothing is kept. A
 * revision that was to be confirmed, and was not while no weftd ran, is undone here. */
struct config *config_new(struct loop *, const char *file, struct history *);
void config_free(struct config *);
/* Of config_new, once; null when the file is bad: config_state has the findings. */
struct net *config_take_net(struct config *);
/* Start watching; reloads go to core_reload, then changed() is called. */
void config_start(struct config *, struct core *, void (*changed)(void *ctx), void *ctx);
void config_look(struct config *);               /* once a second: is it still there? */
void config_reload(struct config *, uint32_t uid);      /* as on SIGHUP */

/* Each gives null = done, else a sentence (static) and state.hint. */
/* `weft apply`: findings are in state.refused when it is the text that is bad. asked may be null. */
const char *config_apply(struct config *, const char *text, size_t size, const struct config_asked *);
/* `weft rollback`: the text of that revision, the way config_apply takes it. 0 = the one before what
 * is in force, counted from where that text came into force first; or the one that comes back when nobody confirms. */
const char *config_rollback(struct config *, uint32_t number, const struct config_asked *);
/* `weft confirm`: what waits stays. */
const char *config_confirm(struct config *, uint32_t uid);

void config_state(const struct config *, struct config_state *);
struct history *config_history(const struct config *);   /* or null */

#endif
