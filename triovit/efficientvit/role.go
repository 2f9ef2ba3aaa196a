// SPDX-License-Identifier: Apache-2.0

package efficientvit

import "fmt"

// A Role is the paper's name for a layer's purpose.
type Role uint8

// The roles. PW1, DW and PW2 are the three convolutions of an MBConv. The others have
// the names of the paper or of the reference code. [Network.Hash] depends on the number
// of a role, so a new role must be added after the last.
const (
	NoRole     Role = iota
	Stem            // the first 3×3 convolution
	DSConvDW        // depthwise convolution of the stem's DSConv
	DSConvPW        // pointwise convolution of the stem's DSConv
	PW1             // MBConv: expanding pointwise convolution
	DW              // MBConv: depthwise convolution
	PW2             // MBConv: projecting pointwise convolution
	QKV             // MSA: the 1×1 convolution to q, k, v
	AggDW           // MSA: 5×5 depthwise convolution of the aggregation
	AggPW           // MSA: grouped 1×1 convolution of the aggregation
	Query           // MSA: ReLU(Q)
	Key             // MSA: ReLU(K)
	Value           // MSA: V
	KTV             // MSA: ReLU(K)ᵀV
	SumK            // MSA: ΣReLU(K)
	Dividend        // MSA: ReLU(Q)·KᵀV
	Divisor         // MSA: ReLU(Q)·ΣReLU(K)
	Attention       // MSA: dividend / divisor
	Proj            // MSA: the projecting 1×1 convolution
	Residual        // a residual addition
	HeadInput       // segmentation head: 1×1 convolution of one stage, resized and added
	HeadOutput      // head: the convolutions and linear layers after the trunk
	Migrate         // the division of channel-wise migration
	Recenter        // the subtraction of filter-wise shifting

	roleEnd
)

var roleNames = [...]string{
	NoRole: "none", Stem: "stem", DSConvDW: "DSConv DW", DSConvPW: "DSConv PW",
	PW1: "PW1", DW: "DW", PW2: "PW2", QKV: "qkv", AggDW: "aggregation DW",
	AggPW: "aggregation PW", Query: "Q", Key: "K", Value: "V", KTV: "KTV",
	SumK: "sum of K", Dividend: "dividend", Divisor: "divisor",
	Attention: "attention", Proj: "proj", Residual: "residual add",
	HeadInput: "head input", HeadOutput: "head output", Migrate: "migration",
	Recenter: "shifting",
}

// String returns the role's name as the figures print it.
func (r Role) String() string {
	if r >= roleEnd {
		return fmt.Sprintf("Role(%d)", uint8(r))
	}
	return roleNames[r]
}

// A PointClass is a class of quantization points that a recipe switches together.
type PointClass uint8

// The classes of quantization points. calib/INTEGER.md explains each. [Network.Hash]
// depends on the number of a class, so a new class must be added after the last.
const (
	// ConvInput is the input of a convolution or linear layer. The layer's weights are
	// quantized together with it.
	ConvInput PointClass = iota + 1
	// PreActivation is the input of a Hardswish: requantized accumulators.
	PreActivation
	// AddOperand is an input of an addition.
	AddOperand
	// AttentionOperand is an input of the attention's split into heads, of its matrix
	// products or of its division, except for the divisor.
	AttentionOperand
	// DivisorOperand is the divisor of the attention's division.
	DivisorOperand
	// ResizeInput is the input of the head's bicubic upsampling.
	ResizeInput
	// PoolInput is the input of the global average pooling.
	PoolInput
	// NormInput is the input of the classifier's LayerNorm.
	NormInput
	// LastInput is the input of the last linear layer. The paper's released code leaves
	// it in float.
	LastInput

	pointEnd
)

var pointNames = [...]string{
	ConvInput: "conv input", PreActivation: "pre-activation",
	AddOperand: "add operand", AttentionOperand: "attention operand",
	DivisorOperand: "divisor", ResizeInput: "resize input",
	PoolInput: "pool input", NormInput: "norm input", LastInput: "last input",
}

// String returns the class's name.
func (c PointClass) String() string {
	if c == 0 || c >= pointEnd {
		return fmt.Sprintf("PointClass(%d)", uint8(c))
	}
	return pointNames[c]
}

// PointClasses returns every class.
func PointClasses() []PointClass {
	var all []PointClass
	for c := ConvInput; c < pointEnd; c++ {
		all = append(all, c)
	}
	return all
}
