/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target is: one function, called with bytes, that must return.
 * libFuzzer calls it (`make fuzz`), and so does corpus_main.c with the files
 * of a corpus (`make fuzz-corpus`). A broken property aborts. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif
