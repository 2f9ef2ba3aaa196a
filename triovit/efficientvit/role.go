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
	PW1             // the expanding pointwise convolution of an MBConv
	DW              // the depthwise convolution of an MBConv
	PW2             // the projecting pointwise convolution of an MBConv
	QKV             // the 1×1 convolution to q, k, v of an MSA
	AggDW           // the 5×5 depthwise convolution of an MSA's aggregation
	AggPW           // the grouped 1×1 convolution of an MSA's aggregation
	Query           // ReLU(Q) of an MSA
	Key             // ReLU(K) of an MSA
	Value           // V of an MSA
	KTV             // ReLU(K)ᵀV of an MSA
	SumK            // ΣReLU(K) of an MSA
	Dividend        // ReLU(Q)·KᵀV of an MSA
	Divisor         // ReLU(Q)·ΣReLU(K) of an MSA
	Attention       // dividend / divisor of an MSA
	Proj            // the projecting 1×1 convolution of an MSA
	Residual        // a residual addition
	HeadInput       // the 1×1 convolution of one stage in a segmentation head, resized and added
	HeadOutput      // the convolutions and linear layers of the head behind the trunk
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
