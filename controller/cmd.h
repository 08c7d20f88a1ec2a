/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of weft: one function each, argv[0] is the word itself.
 * They print, and return the exit code of the program. */
#ifndef CONTROLLER_CMD_H
#define CONTROLLER_CMD_H

int cmd_lab(int argc, char **argv);
int cmd_pki(int argc, char **argv);

#endif
