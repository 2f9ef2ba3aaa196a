// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Unit is the part of the accelerator that runs an operation, or the host.
type Unit uint8

// The units. The engines run operations that multiply. The host runs operations without a
// unit on the accelerator.
const (
	Engines    Unit = iota + 1 // MAT and R-MAC
	SumAdder                   // unit that makes ΣReLU(K)
	Log2                       // unit that rounds divisors to powers of two
	Shifter                    // unit that divides by shifting
	Divider                    // unit that divides where no log2 module rounds divisors
	Requantize                 // unit that brings accumulators to the grid of their readers
	Activation                 // unit of Hardswish and ReLU
	Adder                      // unit of residual additions and channel-wise shifts
	Resizer                    // unit of bicubic upsampling
	Pool                       // unit of global average pooling
	Host                       // the host, for LayerNorm, softmax and GELU

	unitEnd
)

var unitNames = [...]string{
	Engines: "engines", SumAdder: "sum over K", Log2: "log2 module", Shifter: "shifter", Divider: "divider",
	Requantize: "requantization", Activation: "activation", Adder: "adder",
	Resizer: "resizer", Pool: "pooling adder", Host: "host",
}

// String returns the unit's name in reports.
func (u Unit) String() string {
	if u == 0 || u >= unitEnd {
		return fmt.Sprintf("Unit(%d)", uint8(u))
	}
	return unitNames[u]
}

// MarshalText writes the unit's name.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Units returns every unit.
func Units() []Unit {
	var units []Unit
	for u := Engines; u < unitEnd; u++ {
		units = append(units, u)
	}
	return units
}

// A Form names the loops of an operation, and so which of its sizes are set.
type Form uint8

// The forms.
const (
	// Convolution makes H·W·Cout outputs, each a sum over Cin channels and Kernel²
	// positions. A linear layer is a convolution with Kernel 1; it has one output position
	// per token.
	Convolution Form = iota + 1
	// Depthwise makes H·W·Cout outputs, each a sum over Kernel² positions of
	// its own channel.
	Depthwise
	// Product is a matrix product per head: [Rows, Inner] by [Inner, Cols].
	Product
	// Elementwise reads or makes Elements elements one by one.
	Elementwise

	formEnd
)

var formNames = [...]string{
	Convolution: "convolution", Depthwise: "depthwise convolution", Product: "matrix product", Elementwise: "elementwise",
}

// String returns the form's name.
func (f Form) String() string {
	if f == 0 || f >= formEnd {
		return fmt.Sprintf("Form(%d)", uint8(f))
	}
	return formNames[f]
}

// An Operation is one step of a [Workload].
type Operation struct {
	// Name is unique in the workload. An operation that computes a tensor of a network has
	// the tensor's name; the log2 rounding of divisors and a requantization append a
	// suffix.
	Name string
	// Label groups operations in reports: the role in the paper, or the layer
	// of a standard ViT.
	Label string
	// Role is the network's role; efficientvit.NoRole in a standard ViT.
	Role efficientvit.Role
	// Block is the network's module around the operation, or empty.
	Block string
	// Head marks an operation of the classifier or segmentation head behind the backbone.
	Head bool
	Unit Unit
	Form Form

	// H and W are the output's height and width of a Convolution or Depthwise.
	H, W int
	// Cout is the number of output channels, Cin the input channels that one
	// output sums over (1 where Depthwise), Groups the groups of a Convolution.
	Cout, Cin, Groups int
	// Kernel is the side of the square kernel; Stride the convolution's.
	Kernel, Stride int
	// WeightBits is the width of a convolution's weights, 1 to 8. It is 0 where the
	// workload does not have it: the workloads of networks do not, those of integer models
	// do.
	WeightBits int

	// Heads, Rows, Inner and Cols are the sizes of a Product.
	Heads, Rows, Inner, Cols int

	// Elements is the number of outputs of an Elementwise operation, or of inputs where it
	// sums.
	Elements int64

	// Feeds, in a Depthwise, is the pointwise convolution that it streams into. Behind, in
	// that convolution, is the Depthwise. Both are empty without a stream.
	Feeds, Behind string
}

// MACs returns the multiply-accumulates of the operation. The sum over K counts one per
// element, because it is a column of KᵀV; other elementwise work counts none.
func (o *Operation) MACs() int64 {
	switch o.Form {
	case Convolution, Depthwise:
		return int64(o.H) * int64(o.W) * int64(o.Cout) * int64(o.Cin) * int64(o.Kernel) * int64(o.Kernel)
	case Product:
		return int64(o.Heads) * int64(o.Rows) * int64(o.Inner) * int64(o.Cols)
	}
	if o.Unit == SumAdder {
		return o.Elements
	}
	return 0
}

// Outputs returns the number of the operation's outputs; for an elementwise operation that
// sums, of its inputs.
func (o *Operation) Outputs() int64 {
	if o.Form == Elementwise {
		return o.Elements
	}
	if o.Form == Product {
		return int64(o.Heads) * int64(o.Rows) * int64(o.Cols)
	}
	return int64(o.H) * int64(o.W) * int64(o.Cout)
}

// size returns the number of iterations of the operation's loops, without overflow.
func (o *Operation) size() float64 {
	switch o.Form {
	case Convolution, Depthwise:
		return float64(o.H) * float64(o.W) * float64(o.Cout) * float64(o.Cin) * float64(o.Kernel) * float64(o.Kernel)
	case Product:
		return float64(o.Heads) * float64(o.Rows) * float64(o.Inner) * float64(o.Cols)
	}
	return float64(o.Elements)
}

// maxWeightBits is the largest width of weights in integer models.
const maxWeightBits = 8

// check returns an error for sizes that the operation cannot have.
func (o *Operation) check() error {
	type size struct {
		name  string
		value int
	}
	var sizes []size
	switch o.Form {
	case Convolution, Depthwise:
		sizes = []size{{"height", o.H}, {"width", o.W}, {"output channels", o.Cout}, {"input channels", o.Cin},
			{"kernel", o.Kernel}, {"stride", o.Stride}, {"groups", o.Groups}}
	case Product:
		sizes = []size{{"heads", o.Heads}, {"rows", o.Rows}, {"inner size", o.Inner}, {"columns", o.Cols}}
	case Elementwise:
		if o.Elements < 1 {
			return fmt.Errorf("%d elements: at least 1 is needed", o.Elements)
		}
	default:
		return fmt.Errorf("%s is none of the forms", o.Form)
	}
	for _, s := range sizes {
		if s.value < 1 {
			return fmt.Errorf("%s %d: at least 1 is needed", s.name, s.value)
		}
	}
	switch {
	case o.Unit == 0 || o.Unit >= unitEnd:
		return fmt.Errorf("%s is none of the units", o.Unit)
	case (o.Unit == Engines) != (o.Form != Elementwise):
		return fmt.Errorf("a %s cannot run on the unit %q", o.Form, o.Unit)
	case o.Form == Depthwise && o.Cin != 1:
		return fmt.Errorf("%d input channels per output: a depthwise convolution has 1", o.Cin)
	case o.Form == Depthwise && o.Groups != o.Cout:
		return fmt.Errorf("%d groups: a depthwise convolution of %d channels has as many", o.Groups, o.Cout)
	case o.Form == Convolution && o.Cout%o.Groups != 0:
		return fmt.Errorf("%d groups: they must divide the %d output channels", o.Groups, o.Cout)
	case o.WeightBits < 0 || o.WeightBits > maxWeightBits:
		return fmt.Errorf("weight bits %d: 1 to %d are allowed, or 0 for none of its own", o.WeightBits, maxWeightBits)
	case o.WeightBits != 0 && o.Form != Convolution && o.Form != Depthwise:
		return fmt.Errorf("weight bits %d: the form %q has no weights", o.WeightBits, o.Form)
	case o.Feeds != "" && o.Form != Depthwise:
		return fmt.Errorf("feeds %q: only a depthwise convolution streams", o.Feeds)
	case o.Behind != "" && (o.Form != Convolution || o.Kernel != 1 || o.Stride != 1):
		return fmt.Errorf("behind %q: only a pointwise convolution takes a stream", o.Behind)
	}
	return nil
}
