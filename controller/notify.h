/* SPDX-License-Identifier: Apache-2.0 */
/* notify: tells the service manager, if there is one, how far we are (sd_notify(3)). */
#ifndef CONTROLLER_NOTIFY_H
#define CONTROLLER_NOTIFY_H

#include <stdbool.h>

/* "READY=1", "STOPPING=1". False: nobody wants to know, or it cannot be told. */
bool notify_manager(const char *state);

#endif
