#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run a program made for another processor: by itself where this machine can,
# otherwise under QEMU's emulator.
#
#     emulate.sh EMULATOR PROGRAM ARGUMENT...
#
# A shell answers 126 for a program that the machine cannot run, and prints an error,
# which the closed standard error of this script swallows.
emulator=$1
shift
exec 3>&2 2>/dev/null
"$@" 2>&3 3>&-
code=$?
[ $code -ne 126 ] && exit $code
exec "$emulator" "$@" 2>&3 3>&-
