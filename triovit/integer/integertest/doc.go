// SPDX-License-Identifier: Apache-2.0

// Package integertest is the conformance suite of integer executors: whatever runs an
// [integer.Model] must make the integers that the reference executor makes, bit for
// bit. A test of an executor is one call:
//
//	func TestExecutor(t *testing.T) { integertest.Test(t, New) }
//
// [TestCuts] is the same for what runs an [integer.Cut].
//
// The suite draws models of every operation. Models of whole networks are cases that
// the test brings: package calib/frozentest has the networks of this repository.
package integertest
