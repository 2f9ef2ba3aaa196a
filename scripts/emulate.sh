#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run a program made for another processor: by itself where this machine can,
# otherwise under QEMU's emulator.
#
#     emulate.sh EMULATOR PROGRAM ARGUMENT...
#
# A shell answers 126 for a program that the machine cannot run, and prints an error,
# which /dev/null swallows. QEMU's 386 crashes at the signals by which Go preempts
# goroutines, so a program under QEMU is started without them.
emulator=$1
shift
exec 3>&2 2>/dev/null
"$@" 2>&3 3>&-
code=$?
[ $code -ne 126 ] && exit $code
GODEBUG=asyncpreemptoff=1 exec "$emulator" "$@" 2>&3 3>&-
