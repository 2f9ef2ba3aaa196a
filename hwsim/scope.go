// SPDX-License-Identifier: Apache-2.0

package hwsim

// A Scope says how much of a workload is charged.
type Scope string

// The scopes.
const (
	// Backbone leaves out the classifier or segmentation head, as the authors
	// do.
	Backbone Scope = "backbone"
	// Whole charges the head by the same rules.
	Whole Scope = "whole"
)

// Pipelines says which of the paper's pipelines run.
type Pipelines uint8

// The pipelines of Section V of the paper.
const (
	// NoPipelines runs one operation after the other.
	NoPipelines Pipelines = 0
	// InterLayerPipeline streams a depthwise convolution on R-MAC into the
	// pointwise one behind it on MAT; R-MAC joins when it is done.
	InterLayerPipeline Pipelines = 1
	// IntraLayerPipeline lets R-MAC compute KᵀV of one head of an attention
	// while MAT computes divisors and dividends of the head before.
	IntraLayerPipeline Pipelines = 2
	// BothPipelines is the paper's design.
	BothPipelines = InterLayerPipeline | IntraLayerPipeline
)

// String names the pipelines.
func (p Pipelines) String() string {
	return [...]string{"no pipelines", "inter-layer pipeline", "intra-layer pipeline", "both pipelines"}[p&BothPipelines]
}
