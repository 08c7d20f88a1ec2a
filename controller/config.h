/* SPDX-License-Identifier: Apache-2.0 */
/* config: the topology file of a running weftd.
 *
 * Loaded at start, on SIGHUP, when the file changes (inotify on it and its folder;
 * links are followed), and by `weft apply`, which replaces the file's text atomically
 * (temporary file, fsync, rename, fsync of the folder) after it was checked: the file
 * is always what runs, or what would run if it had no error. A bad file changes nothing
 * and is remembered with its findings until a good one comes. */
#ifndef CONTROLLER_CONFIG_H
#define CONTROLLER_CONFIG_H

#include "controller/core.h"

struct loop;
struct config;

struct config_state {
	const char *file;
	char digest[17];                /* of what runs */
	uint64_t loaded_wall_ms;
	bool failed;                    /* the file on disk has errors; the old one runs */
	const struct diag *findings;    /* of the file at its last load: errors, or warnings */
	const struct diag *refused;     /* of the text that config_apply did not take last; null = it did */
	uint64_t n_loads, n_failures, n_unchanged;
};

/* Loads the file for the first time. */
struct config *config_new(struct loop *, const char *file);
void config_free(struct config *);
/* Of config_new, once; null when the file is bad: config_state has the findings. */
struct net *config_take_net(struct config *);
/* Start watching; reloads go to core_reload, then changed() is called. */
void config_start(struct config *, struct core *, void (*changed)(void *ctx), void *ctx);
void config_look(struct config *);               /* once a second: is it still there? */
void config_reload(struct config *);             /* as on SIGHUP */
/* `weft apply`: null = in force, else a sentence, and findings in state.refused
 * when it is the text that is bad. */
const char *config_apply(struct config *, const char *text, size_t size);
void config_state(const struct config *, struct config_state *);

#endif
