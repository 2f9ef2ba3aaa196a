// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// A Model is a quantized network as integers: its operations in single-assignment form,
// with the preprocessing and the names of its classes. Every operation makes one tensor,
// which has the operation's name, from tensors of earlier operations. The first one is the
// [Input], the last one makes the logits.
type Model struct {
	// Name is the variant's name, such as "efficientvit-b1-r224".
	Name string
	Limits
	Ops []Op
	// Classes are the names of the classes, one for each channel of the logits, or
	// none where they are not known.
	Classes []string
	// Picture describes how a file becomes the input.
	Picture Picture
	Source  Source
}

// Limits are the widths in bits of the hardware that runs a model.
type Limits struct {
	// MultiplierBits is the width of a mantissa, sign included: [MultiplierPort] for one
	// DSP slice, 32 for common integer libraries.
	MultiplierBits int `json:"multiplier_bits"`
	// AccumulatorBits is the width of an accumulator, at most 32. An accumulator of
	// [OperandPort] bits can be requantized by one DSP slice.
	AccumulatorBits int `json:"accumulator_bits"`
}

// Check returns an error for widths outside of their bounds.
func (l Limits) Check() error {
	if l.MultiplierBits < 2 || l.MultiplierBits > MaxMultiplierBits || l.AccumulatorBits < codeBits || l.AccumulatorBits > MaxAccumulatorBits {
		return fmt.Errorf("multipliers of %d bits and accumulators of %d: 2 to %d and %d to %d are allowed", l.MultiplierBits, l.AccumulatorBits, MaxMultiplierBits, codeBits, MaxAccumulatorBits)
	}
	return nil
}

// A Source describes the origin of a model.
type Source struct {
	// Weights is the hash, in hexadecimal, of the folded model's description and weights.
	// Calibration is the hash of the calibration pictures with their preprocessing. They
	// are empty where they are not known.
	Weights     string `json:"weights"`
	Calibration string `json:"calibration"`
	// Recipe holds every decision of the recipe, in lines.
	Recipe string `json:"recipe"`
	// Code is the version of the code that froze the model.
	Code string `json:"code"`
}

// An Op is one operation of a [Model].
type Op struct {
	// Name names the operation and the tensor that it makes.
	Name string
	// Inputs are the names of the operands.
	Inputs []string
	Operation
	// Values maps the integers to real numbers. No executor reads it.
	Values Values
}

// Values maps the integers q of a tensor to real numbers, Steps·q + Offsets. Both have one
// element, or one for each channel, the last axis. Absent Offsets stand for zeros. Both
// are absent where no such map describes the tensor, such as for the codes of divisors.
type Values struct{ Steps, Offsets []float64 }

// Of returns the real number for the integer q of a channel, NaN without a map.
func (v Values) Of(channel int, q int32) float64 {
	if len(v.Steps) == 0 {
		return math.NaN()
	}
	x := v.Steps[channel%len(v.Steps)] * float64(q)
	if len(v.Offsets) > 0 {
		x += v.Offsets[channel%len(v.Offsets)]
	}
	return x
}

// An Operation is the kind of an [Op] with its parameters: [Input], [Conv], [Requantize],
// [Hardswish], [Add], [Concat], [Pool], [Upsample], [LayerNorm], [Heads], [MergeHeads],
// [ReLU], [MatMul], [SumTokens], [Log2] or [Divide].
type Operation interface {
	// Infer returns the description of the result for the operands. The error names a
	// parameter or an operand that is not allowed.
	Infer(in []Tensor, limits Limits) (Tensor, error)
	// run fills y, which is zero and has the inferred shape.
	run(y Value, in []Value)
}

// A Tensor describes the result of an operation.
type Tensor struct {
	// Shape is [H, W, C]; in the attention it is [tokens, heads, d] or [heads, d, e].
	Shape [3]int
	// Range provably contains its integers.
	Range Interval
	// Sum contains the widest sum in its computation, such as a product before its shift.
	// It is 0..0 where nothing is added.
	Sum Interval
}

// Bounds of tensors and their integers.
const (
	maxSide     = 1 << 14
	maxElements = 1 << 28
	maxLive     = 4 * maxElements // largest number of elements at once, which take 4 GiB; EfficientViT-B3 at 2048×1024 holds 2^27
	maxOps      = 1 << 14
	maxOperands = 64
	maxName     = 1 << 7  // largest size in bytes of the name of the model, an operation or a tensor; errors print several
	maxText     = 1 << 10 // largest size in bytes of the name of a class, or of a line of a recipe
	codeBits    = 16      // width of the operands of a multiplication
	// MaxAccumulatorBits is the largest width of an accumulator.
	MaxAccumulatorBits = 32
)

// operand returns an error unless a tensor may be multiplied: its integers must be codes.
func (t Tensor) operand() error {
	if t.Range.Bits() > codeBits {
		return fmt.Errorf("an operand of %v: at most %d bits are allowed, as a requantization makes them", t.Range, codeBits)
	}
	return nil
}

func checkCodes(codes Interval, bits int) error {
	if codes.Lo > codes.Hi || codes.Bits() > bits {
		return fmt.Errorf("codes %d..%d: from the lower to the higher within %d bits are allowed", codes.Lo, codes.Hi, bits)
	}
	return nil
}

// splits reports whether n = a·b, for positive a and b whose product could exceed 64 bits.
func splits(n, a, b int) bool { return n%a == 0 && n/a == b }

// Input is the normalized picture as codes of a grid, rounded once.
type Input struct {
	// Shape is [H, W, C]; C is 3 where the model has a [Picture].
	Shape [3]int       `json:"shape"`
	Grid  grid.Uniform `json:"grid"`
}

// Infer implements [Operation].
func (i *Input) Infer([]Tensor, Limits) (Tensor, error) {
	codes := Interval{int64(i.Grid.Lo), int64(i.Grid.Hi)}
	if err := checkCodes(codes, codeBits); err != nil {
		return Tensor{}, err
	}
	if !(i.Grid.Scale > 0) || math.IsInf(float64(i.Grid.Scale), 0) {
		return Tensor{}, fmt.Errorf("a step of %g: it must be positive", i.Grid.Scale)
	}
	if !codes.Contains(int64(i.Grid.Zero)) {
		return Tensor{}, fmt.Errorf("a zero of %d: it is one of the codes %v", i.Grid.Zero, codes)
	}
	return Tensor{Shape: i.Shape, Range: codes}, nil
}

// Check returns an error for an invalid picture, given as codes: a wrong number of codes,
// or a code outside of the grid. Every executor refuses such a picture.
func (i *Input) Check(picture []int32) error {
	if n := i.Shape[0] * i.Shape[1] * i.Shape[2]; len(picture) != n {
		return fmt.Errorf("a picture of %d codes, its input %v has %d", len(picture), i.Shape, n)
	}
	codes := Interval{int64(i.Grid.Lo), int64(i.Grid.Hi)}
	for j, q := range picture {
		if !codes.Contains(int64(q)) {
			return fmt.Errorf("code %d of the picture is %d, its input has %v", j, q, codes)
		}
	}
	return nil
}

func (i *Input) run(Value, []Value) {} // the executor has the input's codes

// Kind returns the name of an operation's type, such as "Conv", as an artefact has it.
func Kind(op Operation) string { return strings.TrimPrefix(fmt.Sprintf("%T", op), "*integer.") }

// takes returns the least and the largest number of an operation's operands.
func takes(op Operation) (least, most int) {
	switch op.(type) {
	case *Input:
		return 0, 0
	case *Add, *MatMul, *Divide:
		return 2, 2
	case *Concat:
		return 1, maxOperands
	}
	return 1, 1
}

// Input returns the model's first operation.
func (m *Model) Input() *Input { return m.Ops[0].Operation.(*Input) }

// Op returns the operation with the given name, or nil.
func (m *Model) Op(name string) *Op {
	for i := range m.Ops {
		if m.Ops[i].Name == name {
			return &m.Ops[i]
		}
	}
	return nil
}

// Infer returns the description of each operation's result, in order. The error names the
// first operation with an invalid name, operand, shape or parameter, or whose accumulators
// do not fit the [Limits].
func (m *Model) Infer() ([]Tensor, error) {
	fail := func(format string, args ...any) ([]Tensor, error) {
		return nil, fmt.Errorf("integer model %s: "+format, append([]any{m.Name}, args...)...)
	}
	if err := m.checkTexts(); err != nil {
		return nil, err
	}
	if err := m.Limits.Check(); err != nil {
		return fail("%w", err)
	}
	if len(m.Ops) > maxOps {
		return fail("%d operations: at most %d are allowed", len(m.Ops), maxOps)
	}
	tensors := make([]Tensor, len(m.Ops))
	made := make(map[string]int, len(m.Ops))
	for i := range m.Ops {
		op := &m.Ops[i]
		if _, twice := made[op.Name]; twice {
			return fail("%q is made twice", op.Name)
		}
		if op.Operation == nil {
			return fail("%q does nothing", op.Name)
		}
		if _, first := op.Operation.(*Input); first != (i == 0) {
			return fail("%s %q at place %d: the input comes first, and only there", Kind(op.Operation), op.Name, i)
		}
		if least, most := takes(op.Operation); len(op.Inputs) < least || len(op.Inputs) > most {
			return fail("%s %q has %d operands", Kind(op.Operation), op.Name, len(op.Inputs))
		}
		in := make([]Tensor, len(op.Inputs))
		for j, name := range op.Inputs {
			at, ok := made[name]
			if !ok {
				return fail("%q reads %q, which nothing before it makes", op.Name, name)
			}
			in[j] = tensors[at]
		}
		t, err := op.Infer(in, m.Limits)
		if err == nil {
			err = t.check(m.AccumulatorBits)
		}
		if err == nil {
			err = op.Values.check(t.Shape[2])
		}
		if err != nil {
			return fail("%s %q: %w", Kind(op.Operation), op.Name, err)
		}
		tensors[i], made[op.Name] = t, i
	}
	if err := m.checkLive(tensors, made); err != nil {
		return fail("%w", err)
	}
	if len(m.Ops) == 0 {
		return fail("it has no operations")
	}
	if last := tensors[len(tensors)-1]; len(m.Classes) > 0 && len(m.Classes) != last.Shape[2] {
		return fail("%d names of classes for %d channels", len(m.Classes), last.Shape[2])
	}
	if err := m.Picture.check(tensors[0].Shape); err != nil {
		return fail("picture: %w", err)
	}
	return tensors, nil
}

// checkLive bounds the elements that a run holds at a time: a tensor lives from the
// operation that makes it to the last one that reads it.
func (m *Model) checkLive(tensors []Tensor, made map[string]int) error {
	live := 0
	for i, ended := range endsOf(m.Ops) {
		if live += tensors[i].Elements(); live > maxLive {
			return fmt.Errorf("%s %q: %d elements live beside those that it makes, in tensors that operations behind it read: together at most %d are allowed", Kind(m.Ops[i].Operation), m.Ops[i].Name, live-tensors[i].Elements(), maxLive)
		}
		for _, name := range ended {
			live -= tensors[made[name]].Elements()
		}
	}
	return nil
}

// checkTexts returns an error for a text of the model that does not fit a line for people.
func (m *Model) checkTexts() error {
	names := []string{m.Name}
	for i := range m.Ops {
		names = append(append(names, m.Ops[i].Name), m.Ops[i].Inputs...)
	}
	texts := append([]string{m.Source.Weights, m.Source.Calibration, m.Source.Code}, m.Classes...)
	for line := range strings.Lines(m.Source.Recipe) {
		texts = append(texts, strings.TrimSuffix(line, "\n"))
	}
	for most, all := range map[int][]string{maxName: names, maxText: texts} {
		for _, s := range all {
			if err := checkText(s, most); err != nil {
				return fmt.Errorf("integer model: %w", err)
			}
		}
	}
	return nil
}

func checkText(s string, most int) error {
	if len(s) > most || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("a name or text of %.40q in %d bytes: at most %d bytes that can be printed are allowed", s, len(s), most)
	}
	return nil
}

// Validate returns the error of [Model.Infer].
func (m *Model) Validate() error {
	_, err := m.Infer()
	return err
}

func (t Tensor) check(bits int) error {
	n := 1
	for _, side := range t.Shape {
		if side < 1 || side > maxElements/n {
			return fmt.Errorf("a tensor of %v: at least 1 and at most %d elements are allowed", t.Shape, maxElements)
		}
		n *= side
	}
	if t.Range.Bits() > bits {
		return fmt.Errorf("its integers take %v, the accumulators have %d", t.Range, bits)
	}
	return nil
}

func (v Values) check(channels int) error {
	for _, values := range [][]float64{v.Steps, v.Offsets} {
		if len(values) > 1 && len(values) != channels {
			return fmt.Errorf("%d real values for %d channels: none, one, or one for each, is allowed", len(values), channels)
		}
		for _, x := range values {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("a real value of %g", x)
			}
		}
	}
	return nil
}
