# SPDX-License-Identifier: Apache-2.0
# Everything that tests: included by the top Makefile.
