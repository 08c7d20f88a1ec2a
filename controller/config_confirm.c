/* SPDX-License-Identifier: Apache-2.0 */
/* config, what waits for a confirmation: its time, what a start finds of it, and going back. */
#include "controller/config_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/file.h"
#include "controller/loop.h"

enum { STUCK_MS = 10 * 1000 };          /* until going back is tried again */

uint64_t config_left_ms(const struct config *config)
{
	uint64_t now = loop_now_ms(config->loop);
	return config->deadline_ms > now ? config->deadline_ms - now : 0;
}

bool config_is_overdue(const struct config *config) { return config->waits.revision && !config_left_ms(config); }

const char *config_end_wait(struct config *config)
{
	const char *problem = confirm_remove(history_folder(config->history));
	if (problem)
		return problem;
	config->waits = (struct confirm) { 0 };
	config->stuck[0] = '\0';
	return NULL;
}

static void on_deadline(void *ctx)
{
	struct config *config = ctx;
	/* Timers may come a little early. */
	if (config_is_overdue(config))
		config_go_back(config);
	config_await(config);
}

void config_await(struct config *config)
{
	if (!config->waits.revision)
		return;
	if (!config->deadline)
		config->deadline = loop_timer_new(config->loop, on_deadline, config);
	loop_timer_again(config->deadline, config_is_overdue(config) ? STUCK_MS : (uint32_t) config_left_ms(config) + 1);
}

void config_edited(struct config *config)
{
	const struct confirm *waits = &config->waits;
	if (!waits->revision)
		return;
	const struct revision *back = history_find(config->history, waits->back_to);
	if (back && !strcmp(back->digest, config->sha256)) {
		if (!config_end_wait(config))
			config_note(config, EVENT_INFO, "the file is again what it was before: nothing waits for a confirmation any more");
		return;
	}
	config_note(config, EVENT_WARNING, "the file was changed while revision %" PRIu32 " waits for a confirmation: without `weft confirm` all "
		    "goes back to revision %" PRIu32 " in %" PRIu64 " s", waits->revision, waits->back_to, config_left_ms(config) / 1000);
}

/* Was it decided already, after what waits? */
static bool is_over(const struct history *history, uint32_t revision)
{
	for (size_t i = 0; i < history_n(history); i++) {
		const struct revision *r = history_at(history, i);
		bool is_decision = r->source == HISTORY_APPLY || r->source == HISTORY_ROLLBACK || r->source == HISTORY_UNCONFIRMED;
		if (r->number > revision && is_decision)
			return true;
	}
	return false;
}

void config_recover(struct config *config, const char *digest)
{
	const char *problem;
	if (!config->history || !history_is_ours(config->history))
		return;
	history_recover(config->history, digest);
	struct confirm waits = confirm_read(history_folder(config->history), &problem);
	if (problem)
		config_note(config, EVENT_WARNING, "%s", problem);
	if (!waits.revision)
		return;
	const struct revision *back = history_find(config->history, waits.back_to);
	bool was_in_force = history_find(config->history, waits.revision) != NULL;
	bool is_back = back && digest && !strcmp(back->digest, digest);
	if (!back || !was_in_force || is_back || is_over(config->history, waits.revision)) {
		if (was_in_force && !back)
			config_note(config, EVENT_WARNING, "revision %" PRIu32 " waits for a confirmation, but revision %" PRIu32
				    " before it is lost: it stays", waits.revision, waits.back_to);
		confirm_remove(history_folder(config->history));
		return;
	}
	config->waits = waits;
	config->deadline_ms = loop_now_ms(config->loop) + confirm_left_ms(&waits, loop_wall_ms());
}

static void stuck(struct config *config, const char *why)
{
	if (strcmp(config->stuck, why))
		config_note(config, EVENT_ERROR, "nobody confirmed revision %" PRIu32 ", and going back does not work: %s",
			    config->waits.revision, why);
	snprintf(config->stuck, sizeof config->stuck, "%s", why);
}

/* The net of a revision; null = stuck. */
static struct net *net_of(struct config *config, uint32_t number, char **ret_text, size_t *ret_size, struct diag **ret_diag)
{
	const char *problem;
	char why[120];
	*ret_text = history_text(config->history, number, ret_size, &problem);
	if (!*ret_text) {
		stuck(config, problem);
		return NULL;
	}
	*ret_diag = diag_new(config->file);
	struct net *net = net_parse(config->file, *ret_text, *ret_size, *ret_diag);
	if (net)
		return net;
	snprintf(why, sizeof why, "this weftd finds errors in revision %" PRIu32, number);
	stuck(config, why);
	diag_free(*ret_diag);
	free(*ret_text);
	return NULL;
}

/* The file first; where that does not work the network goes back all the same, and the file is
 * tried again later: what waits is not over until then. */
bool config_go_back(struct config *config)
{
	struct revision r = { .source = HISTORY_UNCONFIRMED, .uid = HISTORY_NOBODY, .of = config->waits.back_to, .wall_ms = loop_wall_ms() };
	char *text;
	size_t size;
	struct diag *diag;
	struct net *net = net_of(config, config->waits.back_to, &text, &size, &diag);
	if (!net)
		return false;
	snprintf(r.message, sizeof r.message, "nobody confirmed revision %" PRIu32, config->waits.revision);
	bool is_kept = !history_prepare(config->history, &r, text, size);
	bool is_on_disk = file_replace(config->file, text, size, 0644) >= 0;
	if (!is_on_disk) {
		char why[PATH_MAX + 100];
		snprintf(why, sizeof why, "cannot write %s: %s; what is in force is revision %" PRIu32 " all the same", config->file,
			 strerror(errno), config->waits.back_to);
		history_discard(config->history);
		stuck(config, why);
	} else if (is_kept) {
		history_commit(config->history);
	}
	if (strcmp(net->digest_text, config->state.digest)) {
		config_put(config, net, text, size, diag);
	} else {
		config_took(config, net, text, size, diag);
		net_free(net);
	}
	free(text);
	if (!is_on_disk)
		return true;
	config_replaced(config);
	config->state.revision = 0;
	if (is_kept)
		config_tell_revision(config, &r);
	const char *problem = config_end_wait(config);
	if (problem)
		stuck(config, problem);
	return true;
}

/* --- looking --------------------------------------------------------------------------------- */

void config_state(const struct config *config, struct config_state *ret)
{
	*ret = config->state;
	ret->problem = config->history ? history_problem(config->history) : NULL;
	if (config->waits.revision)
		ret->waits = (struct config_waits) {
			.revision = config->waits.revision, .back_to = config->waits.back_to, .left_ms = config_left_ms(config),
			.stuck = config->stuck[0] ? config->stuck : NULL,
		};
}

struct history *config_history(const struct config *config) { return config->history; }
