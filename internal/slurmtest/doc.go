// SPDX-License-Identifier: Apache-2.0

// Package slurmtest tests scripts/slurm/array.sbatch. It runs the script on a real
// Slurm with two nodes, interrupts tasks in the middle, and compares the merged result
// with the result of a single run.
package slurmtest
