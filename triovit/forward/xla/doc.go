// SPDX-License-Identifier: Apache-2.0

// Package xla opens XLA as the backend that networks run on.
//
// XLA compiles a whole graph for the machine it runs on, and is several times as
// fast as GoMLX's Go backend, but wants cgo and a plug-in of 200 MB. So it is not
// part of a usual build: everything but this comment stands behind the build
// tag xla, `make xla` fetches the plug-in into the checkout, and nothing is ever
// downloaded by a program. A program with XLA built in keeps up to 1 GiB of the
// memory that C code in it frees.
//
//	make xla
//	export TRIOVIT_BACKEND=xla PJRT_PLUGIN_LIBRARY_PATH=$PWD/build/xla/lammps_jax_pjrt_cpu
//	go run -tags=xla ./cmd/triovit ladder
package xla
