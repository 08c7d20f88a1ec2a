/* SPDX-License-Identifier: Apache-2.0 */
/* config: the topology file of a running weftd. See config.h; what is asked for is in
 * config_apply.c, going back in config_confirm.c; how a file is replaced so that nothing acknowledged is lost is
 * in file.c. */
#include "controller/config_private.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/file.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

LOG_MODULE(config)

/* An editor writes in several steps: wait until it is quiet. */
enum { SETTLE_MS = 50, MAX_FILE = 64 << 20 };

static char *model_text(const struct net *net)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		log_abort("out of memory");
	net_print(net, f);
	fclose(f);
	return text;
}

static struct config_place place_of(const struct config *config)
{
	struct config_place place = { 0 };
	struct stat st;
	if (!stat(config->folder, &st)) {
		place.folder_dev = st.st_dev;
		place.folder = st.st_ino;
	}
	place.is_link = !lstat(config->file, &st) && S_ISLNK(st.st_mode);
	if (!stat(config->file, &st) && S_ISREG(st.st_mode)) {
		place.dev = st.st_dev;
		place.inode = st.st_ino;
	}
	return place;
}

static bool same_place(const struct config_place *a, const struct config_place *b)
{
	return a->folder_dev == b->folder_dev && a->folder == b->folder && a->dev == b->dev && a->inode == b->inode;
}

void config_keep_findings(struct diag **kept, const struct diag **seen, struct diag *take)
{
	diag_free(*kept);
	*kept = take;
	*seen = take;
}

void config_took(struct config *config, const struct net *net, const char *text, size_t size, struct diag *take)
{
	config_keep_findings(&config->findings, &config->state.findings, take);
	snprintf(config->state.digest, sizeof config->state.digest, "%s", net->digest_text);
	if (text)
		digest_text(text, size, config->sha256);
	else
		config->sha256[0] = '\0';
	config->state.loaded_wall_ms = loop_wall_ms();
	config->state.failed = false;
}

void config_note(struct config *config, enum event_severity severity, const char *format, ...)
{
	char text[sizeof config->news];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (severity != EVENT_INFO)
		VLOG_WARN("%s", text);
	else if (config->core)
		VLOG_INFO("%s", text);
	if (config->core) {
		events_note(config->core->events, config->core->wall_ms, severity, "revision", "", "%s", text);
		return;
	}
	size_t n = strlen(config->news);
	snprintf(config->news + n, sizeof config->news - n, "%s%s", n ? "; " : "", text);
	config->is_bad_news |= severity != EVENT_INFO;
}

/* The text of the file, or null: net_load then says why. */
static char *file_text(const struct config *config, size_t *ret_size)
{
	return file_read(config->file, MAX_FILE, ret_size);
}

static struct net *parse(const struct config *config, const char *text, size_t size, struct diag *diag)
{
	return text ? net_parse(config->file, text, size, diag) : net_load(config->file, diag);
}

static void load_first(struct config *config, const char *text, size_t size)
{
	struct diag *diag = diag_new(config->file);
	config->state.n_loads = 1;
	config->first = parse(config, text, size, diag);
	if (config->first) {
		config->model = model_text(config->first);
		config_took(config, config->first, text, size, diag);
	} else {
		config_keep_findings(&config->findings, &config->state.findings, diag);
		config->state.failed = true;
		config->state.n_failures = 1;
	}
}

struct config *config_new(struct loop *loop, const char *file, struct history *history)
{
	struct config *config = xheap_alloc(sizeof *config);
	char copy[PATH_MAX], digest[DIGEST_TEXT];
	size_t size = 0;
	config->loop = loop;
	config->file = xheap_strdup(file);
	config->history = history;
	snprintf(copy, sizeof copy, "%s", file);
	snprintf(config->folder, sizeof config->folder, "%s", dirname(copy));
	snprintf(copy, sizeof copy, "%s", file);
	snprintf(config->name, sizeof config->name, "%s", basename(copy));
	config->inotify = config->folder_watch = config->file_watch = -1;
	config->state.file = config->file;
	char *text = file_text(config, &size);
	if (text)
		digest_text(text, size, digest);
	config_recover(config, text ? digest : NULL);
	load_first(config, text, size);
	if (config->first && text)
		config_keep_revision(config, text, size, HISTORY_START, HISTORY_NOBODY);
	free(text);
	if (config_is_overdue(config))
		config_go_back(config);
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	if (config->inotify >= 0) {
		loop_on_readable(config->loop, config->inotify, NULL, NULL);
		close(config->inotify);
	}
	loop_timer_free(config->settle);
	loop_timer_free(config->deadline);
	net_free(config->first);
	diag_free(config->findings);
	diag_free(config->refused);
	free(config->model);
	free(config->file);
	free(config);
}

struct net *config_take_net(struct config *config)
{
	struct net *net = config->first;
	config->first = NULL;
	return net;
}

static void note_failure(struct config *config)
{
	char line[512] = "";
	size_t n = diag_n_errors(config->findings);
	config->state.failed = true;
	config->state.n_failures++;
	for (size_t i = 0; i < diag_n_findings(config->findings); i++) {
		const struct finding *f = diag_finding(config->findings, i);
		diag_format(config->findings, f, line, sizeof line);
		VLOG_ERR("%s", line);
	}
	if (diag_n_findings(config->findings))
		diag_format(config->findings, diag_finding(config->findings, 0), line, sizeof line);
	events_note(config->core->events, config->core->wall_ms, EVENT_ERROR, "config-refused", "",
		    "%zu error%s in %s, nothing was changed; the first: %s", n, n == 1 ? "" : "s", config->file, line);
}

static void watch_one(const struct config *config, const char *path, uint32_t mask, int *watch)
{
	int now = inotify_add_watch(config->inotify, path, mask);
	if (*watch >= 0 && *watch != now)
		inotify_rm_watch(config->inotify, *watch);
	*watch = now;
}

/* The folder, for what is put in the file's place; and the file itself, which may
 * be in another folder when a link leads to it. */
static bool watch(struct config *config)
{
	watch_one(config, config->folder, IN_CLOSE_WRITE | IN_MOVED_TO, &config->folder_watch);
	watch_one(config, config->file, IN_CLOSE_WRITE, &config->file_watch);
	return config->folder_watch >= 0;
}

/* addition: more words, or "". */
static void tell(const struct config *config, const char *addition)
{
	VLOG_INFO("%s: in force, digest %s%s", config->file, config->state.digest, addition);
	events_note(config->core->events, config->core->wall_ms, EVENT_INFO, "config", "", "%s is in force, digest %s%s",
		    config->file, config->state.digest, addition);
}

void config_put(struct config *config, struct net *take, const char *text, size_t size, struct diag *take_findings)
{
	char *model = model_text(take);
	bool same = config->model && !strcmp(model, config->model);
	free(config->model);
	config->model = model;
	config->state.n_unchanged += same;
	config_took(config, take, text, size, take_findings);
	if (!config->core) {
		net_free(config->first);
		config->first = take;
		return;
	}
	tell(config, same ? ", the same network as before" : "");
	/* Even the same network: line numbers may be others. */
	core_reload(config->core, take);
	config->changed(config->ctx);
}

static void look_again(struct config *config)
{
	config->read = place_of(config);
	if (config->inotify >= 0)
		watch(config);
}

/* Takes over what is on the disk, or notes that it cannot be. */
static void load(struct config *config, enum history_source source, uint32_t uid)
{
	struct diag *diag = diag_new(config->file);
	size_t size = 0;
	look_again(config);
	char *text = file_text(config, &size);
	struct net *net = parse(config, text, size, diag);
	config->state.n_loads++;
	if (!net) {
		config_keep_findings(&config->findings, &config->state.findings, diag);
		note_failure(config);
	} else if (!strcmp(net->digest_text, config->state.digest)) {
		config_took(config, net, text, size, diag);
		config->state.n_unchanged++;
		VLOG_INFO("%s: nothing new", config->file);
		net_free(net);
	} else {
		config_put(config, net, text, size, diag);
		config->state.revision = 0;
		if (text)
			config_keep_revision(config, text, size, source, uid);
		config_edited(config);
	}
	free(text);
}

/* What is overdue is not put in force again. */
static void reload(struct config *config, enum history_source source, uint32_t uid)
{
	if (config_is_overdue(config))
		config_go_back(config);
	if (!config_is_overdue(config))
		load(config, source, uid);
}

void config_reload(struct config *config, uint32_t uid) { reload(config, HISTORY_RELOAD, uid); }

void config_replaced(struct config *config)
{
	look_again(config);
	config->state.n_loads++;
}

static void on_settled(void *ctx)
{
	reload(ctx, HISTORY_EDIT, HISTORY_NOBODY);
}

static void on_inotify(void *ctx)
{
	struct config *config = ctx;
	char buf[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;
	while ((n = read(config->inotify, buf, sizeof buf)) > 0) {
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *ev = (struct inotify_event *) (void *) p;
			/* Without a name: of the file itself, or more events than the kernel keeps. */
			if (ev->len ? !strcmp(ev->name, config->name) : ev->mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW))
				loop_timer_again(config->settle, SETTLE_MS);
			p += sizeof *ev + ev->len;
		}
	}
}

/* What inotify does not tell: the file is gone, or its path leads elsewhere now
 * because a link or a folder on the way was replaced. A new file in the folder
 * itself is not read here: it may be half written, and its writer's close is told. */
void config_look(struct config *config)
{
	struct config_place now = place_of(config);
	bool is_old = same_place(&now, &config->read), is_settled = same_place(&now, &config->seen);
	bool is_elsewhere = now.is_link || now.folder != config->read.folder || now.folder_dev != config->read.folder_dev;
	config->seen = now;
	if (is_old || !is_settled)
		return;
	if (!now.inode || is_elsewhere || config->inotify < 0)
		reload(config, HISTORY_EDIT, HISTORY_NOBODY);
}

void config_start(struct config *config, struct core *core, void (*changed)(void *ctx), void *ctx)
{
	config->core = core;
	config->changed = changed;
	config->ctx = ctx;
	tell(config, "");
	if (config->news[0])
		config_note(config, config->is_bad_news ? EVENT_WARNING : EVENT_INFO, "%s", config->news);
	config_await(config);
	config->settle = loop_timer_new(config->loop, on_settled, config);
	config->read = config->seen = place_of(config);
	config->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (config->inotify < 0 || !watch(config)) {
		VLOG_WARN("cannot watch %s (%s): after an edit send SIGHUP or run `weft reload`",
			  config->folder, strerror(errno));
		if (config->inotify >= 0)
			close(config->inotify);
		config->inotify = -1;
		return;
	}
	loop_on_readable(config->loop, config->inotify, on_inotify, config);
}
