#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run a test program made for another processor: by itself where this machine can,
# otherwise under QEMU's emulator.
#
#     emulate.sh EMULATOR PROGRAM ARGUMENT...
#
# The program is asked for its list of tests first, which tells whether the machine can run
# it. QEMU's 386 crashes at the signals by which Go preempts goroutines, so a program under
# QEMU is started without them.
emulator=$1
shift
"$1" -test.list '^$' >/dev/null 2>&1 && exec "$@"
GODEBUG=asyncpreemptoff=1 exec "$emulator" "$@"
