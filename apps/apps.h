/* SPDX-License-Identifier: Apache-2.0 */
/* The apps that there are. For apps.c. */
#ifndef APPS_APPS_H
#define APPS_APPS_H

#include "apps/app.h"

extern const struct app app_acl;
extern const struct app app_storm;
extern const struct app app_guard;
extern const struct app app_ingress;
extern const struct app app_l2;
extern const struct app app_arp;
extern const struct app app_output;
extern const struct app app_steer;

#endif
