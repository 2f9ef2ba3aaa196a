// SPDX-License-Identifier: Apache-2.0

// Package slurmtest tests scripts/slurm/array.sbatch: it runs the script on a real Slurm
// of two nodes, interrupts tasks in the middle, and compares the merged result with the
// single run's.
package slurmtest
