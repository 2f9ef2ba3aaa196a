// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"cmp"
	"fmt"
)

// A Scope is the charged part of a workload. The empty scope is [Backbone].
type Scope string

// The scopes.
const (
	// Backbone leaves out the classifier or segmentation head, as the authors
	// do.
	Backbone Scope = "backbone"
	// Whole charges the head by the same rules.
	Whole Scope = "whole"
)

// Checked returns the scope, or [Backbone] where it is empty. Any other word is an error.
func (s Scope) Checked() (Scope, error) {
	if s = cmp.Or(s, Backbone); s != Backbone && s != Whole {
		return s, fmt.Errorf("no scope %q: have %q and %q", string(s), Backbone, Whole)
	}
	return s, nil
}

// Pipelines selects the paper's pipelines that run.
type Pipelines uint8

// The pipelines of Section V of the paper.
const (
	// BothPipelines is the paper's design.
	BothPipelines Pipelines = iota
	// InterLayerPipeline streams a depthwise convolution on R-MAC into the
	// pointwise one behind it on MAT; R-MAC joins when it is done.
	InterLayerPipeline
	// IntraLayerPipeline lets R-MAC compute KᵀV of one head of an attention
	// while MAT computes divisors and dividends of the head before.
	IntraLayerPipeline
	// NoPipelines runs one operation after the other.
	NoPipelines
)

// InterLayer reports whether the inter-layer pipeline runs.
func (p Pipelines) InterLayer() bool { return p == BothPipelines || p == InterLayerPipeline }

// IntraLayer reports whether the intra-layer pipeline runs.
func (p Pipelines) IntraLayer() bool { return p == BothPipelines || p == IntraLayerPipeline }

// Check returns an error for an undefined value.
func (p Pipelines) Check() error {
	if p > NoPipelines {
		return fmt.Errorf("pipelines %d: 0 to %d are allowed", p, NoPipelines)
	}
	return nil
}

// String names the pipelines.
func (p Pipelines) String() string {
	return [...]string{"both pipelines", "inter-layer pipeline", "intra-layer pipeline", "no pipelines"}[p&3]
}
