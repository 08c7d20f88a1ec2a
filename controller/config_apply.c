/* SPDX-License-Identifier: Apache-2.0 */
/* config, the half that is asked for: apply, rollback, confirm. Waiting, and going back when
 * nobody confirms, is in config_confirm.c.
 *
 * The order is what makes it safe. A revision is on the disk under another name, and what
 * waits for a confirmation as well, before the topology file is replaced; only then does the
 * revision get its number. So at every instant the text of the topology file tells what of
 * the rest is true: docs/explanation/changing.md. */
#include "controller/config_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "controller/file.h"
#include "controller/loop.h"

static char error[PATH_MAX + 400];      /* what was given back last */

static const char *refuse(struct config *config, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static const char *refuse(struct config *config, const char *hint, const char *format, ...)
{
	char text[sizeof error];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	memcpy(error, text, sizeof error);
	config->state.hint = hint;
	return error;
}

/* --- what runs, as a revision -------------------------------------------------------------- */

static const char *who_text(uint32_t uid, char buf[48])
{
	if (uid == HISTORY_NOBODY)
		buf[0] = '\0';
	else
		snprintf(buf, 48, " by user id %" PRIu32, uid);
	return buf;
}

void config_tell_revision(struct config *config, const struct revision *r)
{
	char who[48];
	config->state.revision = r->number;
	config_note(config, r->source == HISTORY_UNCONFIRMED ? EVENT_WARNING : EVENT_INFO, "revision %" PRIu32 " is in force: %s%s%s%s",
		    r->number, history_source_word(r->source), who_text(r->uid, who), r->message[0] ? ": " : "", r->message);
}

static bool is_last(const struct config *config, const char *digest)
{
	const struct revision *last = history_last(config->history);
	return last && !strcmp(last->digest, digest);
}

void config_keep_revision(struct config *config, const char *text, size_t size, enum history_source source, uint32_t uid)
{
	struct revision r = { .source = source, .uid = uid, .wall_ms = loop_wall_ms() };
	if (!config->history)
		return;
	if (is_last(config, config->sha256)) {
		config->state.revision = history_last(config->history)->number;
		return;
	}
	config->state.revision = 0;
	const char *problem = history_prepare(config->history, &r, text, size);
	if (!problem)
		problem = history_commit(config->history);
	if (problem)
		config_note(config, EVENT_WARNING, "what is in force is no revision: %s", problem);
	else
		config_tell_revision(config, &r);
}

/* --- asked for ------------------------------------------------------------------------------- */

static const char *refuse_text(struct config *config, struct diag *take)
{
	/* The file on disk is as it was: this is the caller's failure, not its. */
	config_keep_findings(&config->refused, &config->state.refused, take);
	config->state.n_loads++;
	config->state.n_failures++;
	return refuse(config, "correct what the findings say and apply again", "the file has errors; nothing was changed");
}

/* Why it cannot be promised that one can go back; null = it can. */
static const char *cannot_go_back(struct config *config)
{
	const struct revision *last = config->history ? history_last(config->history) : NULL;
	const char *problem = "what is in force is no revision", *hint = "`weft status` says what is wrong with the history; without --confirm nothing waits";
	size_t size;
	if (!config->history)
		return refuse(config, hint, "weftd keeps no history, so it could not go back; nothing was changed");
	if (!last || strcmp(last->digest, config->sha256))
		return refuse(config, hint, "weftd could not go back: %s; nothing was changed", problem);
	char *text = history_text(config->history, last->number, &size, &problem);
	if (!text)
		return refuse(config, hint, "weftd could not go back: %s; nothing was changed", problem);
	free(text);
	return NULL;
}

/* All that must be on the disk before the topology file is replaced. */
static const char *prepare(struct config *config, struct revision *r, const char *text, size_t size, uint32_t confirm_s, struct confirm *waits)
{
	static const char hint[] = "weftd must be able to write its state folder (--state-dir); an edit of the file itself is taken without it";
	const char *problem = confirm_s ? cannot_go_back(config) : NULL;
	if (problem || !config->history)
		return problem;
	*waits = (struct confirm) { 0 };
	const struct revision *last = history_last(config->history);
	problem = history_prepare(config->history, r, text, size);
	if (problem)
		return refuse(config, hint, "%s; nothing was changed", problem);
	if (!confirm_s)
		return NULL;
	*waits = (struct confirm) { .revision = r->number, .back_to = last->number, .seconds = confirm_s, .since_wall_ms = r->wall_ms };
	problem = confirm_write(history_folder(config->history), waits);
	if (!problem)
		return NULL;
	history_discard(config->history);
	return refuse(config, hint, "%s; nothing was changed", problem);
}

static void undo(struct config *config, const struct confirm *waits)
{
	if (!config->history)
		return;
	history_discard(config->history);
	if (waits->revision)
		confirm_remove(history_folder(config->history));
}

/* The file was replaced: what was prepared is true now. */
static void commit(struct config *config, const struct revision *r, const struct confirm *waits)
{
	const char *problem = history_commit(config->history);
	if (problem)
		config_note(config, EVENT_WARNING, "revision %" PRIu32 " may not survive a crash of this machine: %s", r->number, problem);
	if (config->waits.revision)
		config_end_wait(config);
	config->waits = *waits;
	if (waits->revision)
		config->deadline_ms = loop_now_ms(config->loop) + waits->seconds * 1000ull;
	config_await(config);
}

/* A checked net takes the place of what runs. */
static const char *change(struct config *config, struct net *take, const char *text, size_t size, struct diag *take_findings,
			  struct revision *r, uint32_t confirm_s)
{
	static const char hint[] = "weftd must be able to write the file and its folder";
	bool is_new = strcmp(take->digest_text, config->state.digest) != 0;
	struct confirm waits = { 0 };
	const char *problem = is_new ? prepare(config, r, text, size, confirm_s, &waits) : NULL;
	int result = problem ? -1 : file_replace(config->file, text, size, 0644);
	if (result < 0) {
		int saved = errno;
		net_free(take);
		diag_free(take_findings);
		if (problem)
			return problem;
		undo(config, &waits);
		return refuse(config, hint, "cannot write %s: %s; nothing was changed", config->file, strerror(saved));
	}
	if (result)
		problem = refuse(config, hint, "%s is in force, but may not survive a crash of this machine: its folder cannot be "
				 "synced: %s", config->file, strerror(errno));
	config_replaced(config);
	if (!is_new) {
		config->state.n_unchanged++;
		config_took(config, take, text, size, take_findings);
		net_free(take);
		if (config->waits.revision)
			config_end_wait(config);
		return problem;
	}
	if (config->history)
		commit(config, r, &waits);
	config_put(config, take, text, size, take_findings);
	if (config->history)
		config_tell_revision(config, r);
	if (waits.revision)
		config_note(config, EVENT_WARNING, "revision %" PRIu32 " waits for `weft confirm`: without it revision %" PRIu32 " comes back in %u s",
			    waits.revision, waits.back_to, waits.seconds);
	return problem;
}

static const char *refuse_waiting(struct config *config)
{
	return refuse(config, "`weft confirm` keeps it, `weft rollback` goes back at once; then try again",
		      "revision %" PRIu32 " waits for a confirmation for %" PRIu64 " s more; nothing was changed", config->waits.revision,
		      config_left_ms(config) / 1000);
}

static const char *ask(struct config *config, const char *text, size_t size, struct revision *r, const struct config_asked *asked)
{
	struct diag *diag = diag_new(config->file);
	struct net *net = net_parse(config->file, text, size, diag);
	if (!net)
		return refuse_text(config, diag);
	config_keep_findings(&config->refused, &config->state.refused, NULL);
	r->wall_ms = loop_wall_ms();
	r->uid = asked ? asked->uid : HISTORY_NOBODY;
	snprintf(r->message, sizeof r->message, "%s", asked && asked->message ? asked->message : "");
	return change(config, net, text, size, diag, r, asked ? asked->confirm_s : 0);
}

const char *config_apply(struct config *config, const char *text, size_t size, const struct config_asked *asked)
{
	struct revision r = { .source = HISTORY_APPLY };
	if (config->waits.revision && !config_is_overdue(config)) {
		config_keep_findings(&config->refused, &config->state.refused, NULL);
		return refuse_waiting(config);
	}
	return ask(config, text, size, &r, asked);
}

/* The revision that rollback means without a number; 0 = there is none. What was gone back to counts as
 * itself: so each rollback leads further back, and none brings back what was just undone. */
static uint32_t one_before(const struct config *config)
{
	const struct history *history = config->history;
	const struct revision *now = history_find(history, config->state.revision), *last = history_last(history);
	uint32_t number = 0;
	if (config->waits.revision)
		return config->waits.back_to;
	/* What runs could not be kept. */
	if (!now)
		return last ? last->number : 0;
	while (now && now->of && now->of < now->number)
		now = history_find(history, now->of);
	for (size_t i = 0; now && i < history_n(history) && history_at(history, i)->number < now->number; i++)
		number = history_at(history, i)->number;
	return number;
}

const char *config_rollback(struct config *config, uint32_t number, const struct config_asked *asked)
{
	static const char hint[] = "`weft history` lists what there is";
	const char *problem;
	size_t size;
	config_keep_findings(&config->refused, &config->state.refused, NULL);
	if (!config->history)
		return refuse(config, NULL, "weftd keeps no history");
	if (!number)
		number = one_before(config);
	if (!number)
		return refuse(config, hint, "there is no revision before what is in force");
	if (config->waits.revision && number != config->waits.back_to && !config_is_overdue(config))
		return refuse_waiting(config);
	char *text = history_text(config->history, number, &size, &problem);
	if (!text)
		return refuse(config, hint, "%s; nothing was changed", problem);
	struct revision r = { .source = HISTORY_ROLLBACK, .of = number };
	problem = ask(config, text, size, &r, asked);
	free(text);
	return problem;
}

const char *config_confirm(struct config *config, uint32_t uid)
{
	char who[48];
	uint32_t revision = config->waits.revision;
	const struct revision *last = config->history ? history_last(config->history) : NULL;
	config_keep_findings(&config->refused, &config->state.refused, NULL);
	if (!revision && last && last->source == HISTORY_UNCONFIRMED)
		return refuse(config, "`weft history` tells; apply the file again, or `weft rollback NUMBER`",
			      "nothing waits for a confirmation: %s in time, and revision %" PRIu32 " is in force again", last->message, last->of);
	if (!revision)
		return refuse(config, "`weft apply FILE --confirm 60s` makes a change that waits for one", "nothing waits for a confirmation");
	if (config_is_overdue(config))
		return refuse(config, NULL, "it is too late to confirm revision %" PRIu32 ": weftd is going back", revision);
	const char *problem = config_end_wait(config);
	if (problem)
		return refuse(config, "weftd must be able to write its state folder (--state-dir)", "not confirmed: %s; revision %" PRIu32
			      " goes back in %" PRIu64 " s", problem, revision, config_left_ms(config) / 1000);
	config_note(config, EVENT_INFO, "revision %" PRIu32 " is confirmed%s", revision, who_text(uid, who));
	return NULL;
}
