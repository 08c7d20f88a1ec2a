/* SPDX-License-Identifier: Apache-2.0 */
/* log: Open vSwitch's vlog under weft's roof.
 *
 * A file says LOG_MODULE(name) once and then uses VLOG_INFO(...) and friends;
 * what a peer can repeat uses the _RL forms with LOG_RATE. Levels are set per
 * module: log_set("session", "dbg"). Lines go to stderr, or to a file that is
 * opened again when somebody has moved it away. */
#ifndef OFPROTO_LOG_H
#define OFPROTO_LOG_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <openvswitch/vlog.h>
#pragma GCC diagnostic pop

#define LOG_MODULE(NAME) VLOG_DEFINE_THIS_MODULE(NAME)
/* 60 lines a minute, 20 at once. */
#define LOG_RATE VLOG_RATE_LIMIT_INIT(60, 20)

void log_init(const char *program);
/* Null, or what is wrong with "MODULE:LEVEL" (levels: off emer err warn info dbg). */
const char *log_set(const char *module, const char *level);
/* Null, or why the file cannot be written. */
const char *log_to_file(const char *path);
/* Opens the log file again if its name now leads elsewhere. Cheap: one stat. */
void log_check_file(void);
/* Calls back for every module of weft's own with its level. */
void log_levels(void (*cb)(void *ctx, const char *module, const char *level), void *ctx);

/* Our own fault: says so and aborts. */
void log_abort(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
