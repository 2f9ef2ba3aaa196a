#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Print the absolute form of a path that a user gave to make.
#
#     bash scripts/path.sh FROM VALUE [name]
#
# A relative VALUE begins at the folder FROM, and ~ or ~user is a home folder.
# With "name" VALUE may also be no path, as the name of a checkpoint on a hub or
# of a program: it is printed as it is unless the path or its first folder exists.
set -euo pipefail
from=$1 value=$2 kind=${3:-path}

path=$value
if [[ $path =~ ^~[A-Za-z0-9._-]*(/|$) ]]; then
	home=${path%%/*}
	path=$(eval "echo $home")${path#"$home"} # the pattern lets through nothing else to evaluate
fi
[[ $path == /* ]] || path=$from/$path

if [[ $kind == name && ! -e $path && ! -d $from/${value%%/*} ]]; then
	path=$value
fi
printf '%s\n' "$path"
