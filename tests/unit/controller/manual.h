/* SPDX-License-Identifier: Apache-2.0 */
/* manual: holds answers of the API to its members in the manual, both ways. */
#ifndef TESTS_UNIT_CONTROLLER_MANUAL_H
#define TESTS_UNIT_CONTROLLER_MANUAL_H

#include "controller/api_private.h"

/* Every member of the object, or of each item of the list, is in the manual; members of
 * members too, unless they are a document of their own. */
void manual_knows(const char *document, const json_t *json);
/* Every member in the manual is in the object, or in an item of the list: but those
 * that begin with one of these words, up to a null. */
void manual_is_kept(const char *document, const json_t *json, const char *const *but);

#endif
