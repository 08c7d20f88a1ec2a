/* SPDX-License-Identifier: Apache-2.0 */
/* dies: what must abort does, and says why. In this process, so that the lines
 * that led there are counted as reached; what they had allocated is lost. */
#ifndef TESTS_DIES_H
#define TESTS_DIES_H

/* Fails the test unless run(ctx) aborts with a message that has `why` in it. */
void assert_dies(void (*run)(void *ctx), void *ctx, const char *why);

#endif
