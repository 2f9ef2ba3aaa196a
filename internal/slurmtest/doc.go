// SPDX-License-Identifier: Apache-2.0

// Package slurmtest is the test of scripts/slurm/array.sbatch: it runs the script on a
// real Slurm of two nodes, interrupts tasks in the middle, and holds what is merged
// against the single run.
package slurmtest
