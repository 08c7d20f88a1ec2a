/* SPDX-License-Identifier: Apache-2.0 */
/* log: levels and files of vlog. Only weft's own modules are shown and set one
 * by one; those of libopenvswitch stay at warnings. */
#include "ofproto/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ofproto/ovs.h"

LOG_MODULE(log)

/* Modules that exist are found by name: a module that no linked file defines is
 * simply not there. */
static const char *const modules[] = {
	"weft", "log", "session", "role", "config", "api", "te",
};

static char log_path[4096];
static dev_t log_dev;
static ino_t log_ino;

void log_init(const char *program)
{
	(void) program;
	vlog_init();
	vlog_set_pattern(VLF_CONSOLE, "%D{%Y-%m-%dT%H:%M:%S.###Z} %p %c: %m");
	vlog_set_pattern(VLF_FILE, "%D{%Y-%m-%dT%H:%M:%S.###Z} %p %c: %m");
	vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
	vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
	vlog_set_levels(NULL, VLF_FILE, VLL_WARN);
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
		struct vlog_module *m = vlog_module_from_name(modules[i]);
		if (m) {
			vlog_set_levels(m, VLF_CONSOLE, VLL_INFO);
			vlog_set_levels(m, VLF_FILE, VLL_INFO);
		}
	}
}

static const char *set_one(const char *name, enum vlog_level level)
{
	struct vlog_module *m = vlog_module_from_name(name);
	if (!m)
		return "no module of this name";
	vlog_set_levels(m, VLF_CONSOLE, log_path[0] ? VLL_OFF : level);
	vlog_set_levels(m, VLF_FILE, level);
	return NULL;
}

const char *log_set(const char *module, const char *level)
{
	enum vlog_level value = vlog_get_level_val(level);
	if (value == VLL_N_LEVELS)
		return "levels are: off, emer, err, warn, info, dbg";
	if (strcmp(module, "all"))
		return set_one(module, value);
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
		if (vlog_module_from_name(modules[i]))
			set_one(modules[i], value);
	return NULL;
}

static void remember_file(void)
{
	struct stat st;
	if (!stat(log_path, &st)) {
		log_dev = st.st_dev;
		log_ino = st.st_ino;
	}
}

const char *log_to_file(const char *path)
{
	int error = vlog_set_log_file(path);
	if (error)
		return strerror(error);
	snprintf(log_path, sizeof log_path, "%s", path);
	vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
	remember_file();
	return NULL;
}

void log_check_file(void)
{
	struct stat st;
	if (!log_path[0])
		return;
	if (!stat(log_path, &st) && st.st_dev == log_dev && st.st_ino == log_ino)
		return;
	if (!vlog_reopen_log_file()) {
		remember_file();
		VLOG_INFO("opened a new log file: the old one had been moved away");
	}
}

void log_levels(void (*cb)(void *ctx, const char *module, const char *level), void *ctx)
{
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
		struct vlog_module *m = vlog_module_from_name(modules[i]);
		if (m)
			cb(ctx, modules[i], vlog_get_level_name(vlog_get_level(m, VLF_FILE)));
	}
}

void log_abort(const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	VLOG_EMER("%s", text);
	if (log_path[0])
		fprintf(stderr, "weft: %s\n", text);
	abort();
}
