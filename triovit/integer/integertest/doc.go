// SPDX-License-Identifier: Apache-2.0

// Package integertest is the conformance suite of integer executors: every executor of an
// [integer.Model] must compute the reference executor's integers, bit for bit. A test of
// an executor is one call:
//
//	func TestExecutor(t *testing.T) { integertest.Test(t, New) }
//
// [TestCuts] is the same suite for executors of an [integer.Cut].
//
// The suite draws models with every operation. A test adds models of whole networks as
// cases: package calib/frozentest has the networks of this repository.
package integertest
